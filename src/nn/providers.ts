/**
 * Whether an execution provider of ONNX Runtime works on this machine: one product is computed on it and compared
 * with the reference interpreter. Without the check a missing driver would show in the middle of a job.
 */
import { Rng } from '#src/common/rng.js';
import { emitModel } from './emit.js';
import { input, type Node } from './graph.js';
import { interpret } from './interpret.js';
import { matmul, mean, mul } from './ops.js';
import { Session, type Provider } from './session.js';
import { f32, floats, sizeOf, type Tensor } from './tensor.js';

/** A provider that does not start, or computes something else; the message is one line. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';

  constructor(
    readonly provider: Provider,
    /** One line. */
    readonly reason: string,
  ) {
    super(`${provider}: ${reason}`);
  }
}

/** Relative to the largest value; TF32 products of a GPU stay below. */
const tolerance = 5e-3;

/** Largest error of a [48, 64] x [64, 80] product, relative to its largest value. @throws ProviderError */
export async function checkProvider(provider: Provider): Promise<number> {
  const rng = Rng.from('provider check');
  const [a, b] = [normal(rng, [48, 64]), normal(rng, [64, 80])];
  const outputs = { product: matmul(input('a', 'float32', a.shape), input('b', 'float32', b.shape)) };
  const expected = floats(interpret(outputs, { a, b }).product);
  const got = floats(await computed(provider, outputs, { a, b }));
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const error = expected.reduce((most, value, i) => Math.max(most, Math.abs(got[i] - value)), 0) / largest;
  // Not a number must fail too.
  if (error <= tolerance) return error;
  throw new ProviderError(provider, `a matrix product is off by ${error.toExponential(1)} of its largest value, at most ${tolerance} is right`);
}

/** Float operations per second of large products that stay on the provider, the fastest of a few runs. @throws ProviderError */
export async function measureProvider(provider: Provider, { size = 1024, products = 8, runs = 5, threads = undefined as number | undefined } = {}): Promise<number> {
  const [x, w] = [normal(Rng.from(1), [size, size]), normal(Rng.from(2), [size, size])];
  let value: Node = input('x', 'float32', x.shape);
  const weights = input('w', 'float32', w.shape);
  for (let i = 0; i < products; i++) value = mul(matmul(value, weights), size ** -0.5); // [size, size]
  const session = await started(provider, Session.create(emitModel({ mean: mean(value) }), { provider, threads }));
  try {
    let best = Infinity;
    for (let i = 0; i < runs; i++) {
      const at = performance.now();
      await started(provider, session.run({ x, w }));
      best = Math.min(best, (performance.now() - at) / 1000);
    }
    return (2 * size ** 3 * products) / best;
  } finally {
    await session.dispose();
  }
}

async function computed(provider: Provider, outputs: { product: Node }, feeds: Record<string, Tensor>): Promise<Tensor> {
  const session = await started(provider, Session.create(emitModel(outputs), { provider }));
  try {
    return (await started(provider, session.run(feeds))).product;
  } finally {
    await session.dispose();
  }
}

function started<T>(provider: Provider, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw new ProviderError(provider, firstLine(error));
  });
}

const longest = 300;

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  // ONNX Runtime's own errors may begin with the source line and the condition that did not hold.
  const plain = text.replace(/^.*? was false\. /s, '').trim();
  const line = plain.split('\n').map((part) => part.trim()).find((part) => part !== '') ?? 'no reason was given';
  return line.length > longest ? `${line.slice(0, longest)}...` : line;
}

function normal(rng: Rng, shape: readonly number[]): Tensor {
  return f32(Float32Array.from({ length: sizeOf(shape) }, () => rng.normal()), shape);
}
