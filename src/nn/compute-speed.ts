/** Speed of this machine, measured with one small matrix product: for estimates, not a benchmark. */
import { emitModel } from './emit.js';
import { input } from './graph.js';
import { matmul } from './ops.js';
import { Session } from './session.js';
import { zeros } from './tensor.js';

const size = 384;
const runs = 5;
let measured: Promise<number> | undefined;

/** Floating-point operations per second of a product that fits the caches; measured once per process, in a few milliseconds. */
export function computeSpeed(): Promise<number> {
  return (measured ??= measure());
}

async function measure(): Promise<number> {
  const shape = [size, size];
  const session = await Session.create(emitModel({ product: matmul(input('a', 'float32', shape), input('b', 'float32', shape)) }));
  const feeds = { a: zeros(shape), b: zeros(shape) };
  let best = Infinity;
  for (let run = 0; run < runs; run++) {
    const started = performance.now();
    await session.run(feeds);
    best = Math.min(best, performance.now() - started);
  }
  await session.dispose();
  return (2 * size ** 3) / (best / 1000);
}
