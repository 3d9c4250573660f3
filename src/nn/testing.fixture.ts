import { emitModel } from './emit.js';
import type { Node } from './graph.js';
import { Session, type Feeds, type SessionOptions } from './session.js';
import { type Tensor } from './tensor.js';

/** Runs a graph once on ONNX Runtime. */
export async function runOnce(
  outputs: Readonly<Record<string, Node>>,
  feeds: Feeds,
  options: SessionOptions = {},
): Promise<Record<string, Tensor>> {
  const session = await Session.create(emitModel(outputs), { threads: 1, ...options });
  try {
    return await session.run(feeds);
  } finally {
    await session.dispose();
  }
}

/** Largest |a - b| / max(1, |b|); infinite when one of them is not a number and the other is. */
export function difference(a: Tensor, b: Tensor): number {
  if (a.dtype !== b.dtype || a.shape.join() !== b.shape.join()) return Infinity;
  let worst = 0;
  for (let i = 0; i < a.data.length; i++) {
    const [x, y] = [Number(a.data[i]), Number(b.data[i])];
    const gap =
      Object.is(x, y) || (Number.isNaN(x) && Number.isNaN(y))
        ? 0
        : Math.abs(x - y) / Math.max(1, Math.abs(y));
    worst = Number.isNaN(gap) ? Infinity : Math.max(worst, gap);
  }
  return worst;
}

export function copyOf(feeds: Feeds): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(feeds).map(([name, t]) => [name, { ...t, data: t.data.slice() }]));
}
