/**
 * torch.optim.AdamW, over the arrays themselves:
 *
 *   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
 *   p = p - rate decay p - rate (m / c1) / (sqrt(v / c2) + eps),  c1 = 1 - beta1^step, c2 = 1 - beta2^step
 *
 * with both corrections moved out of the fraction: sqrt(c2) / c1 * m / (sqrt(v) + eps sqrt(c2)), and p moved once, by the sum of
 * what it decays and what it steps. One pass reads and writes each value once; as operators of a graph it is thirteen passes over
 * memory, and an optimizer is memory-bound. In float32 as PyTorch's, by WebAssembly with four values at a time: a
 * block of each array is copied into its memory and back, within the processor's caches.
 */
import { wasm } from './adamw-module.js';

export interface AdamWOptions {
  /** Decay of the running mean of gradients; 0.9 when left out. */
  readonly beta1?: number;
  /** Decay of the running mean of their squares; 0.999 when left out. */
  readonly beta2?: number;
  /** 1e-8 when left out. */
  readonly epsilon?: number;
  /** Decoupled weight decay; 0 when left out. */
  readonly weightDecay?: number;
  /** Which parameters decay, by name; all when left out. */
  readonly decays?: (name: string) => boolean;
  /** Global gradient norm to clip to; no clipping when left out. */
  readonly maxGradNorm?: number;
}

/** Factors shared by all values of a step. Computed in float64, because 1 - beta^step cancels badly in float32. */
export interface AdamWScalars {
  /** Factor of the gradients. */
  readonly clip: number;
  readonly beta1: number;
  readonly beta2: number;
  /** rate sqrt(c2) / c1 */
  readonly size: number;
  /** eps sqrt(c2) */
  readonly floor: number;
  /** rate decay */
  readonly decay: number;
}

/**
 * @param step counted from 1
 * @param clip what gradients are multiplied with
 */
export function adamwScalars(step: number, rate: number, clip: number, options: AdamWOptions): AdamWScalars {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  const root = Math.sqrt(1 - beta2 ** step);
  return { clip, beta1, beta2, size: (rate * root) / (1 - beta1 ** step), floor: epsilon * root, decay: rate * weightDecay };
}

/** One parameter, all arrays of its length. */
export interface Moving {
  readonly param: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
}

/** The function of adamw.wat; arrays by where they begin in its memory. */
type Kernel = (
  ...args: [count: number, param: number, m: number, v: number, gradient: number, clip: number, beta1: number, beta2: number, rest1: number, rest2: number, size: number, floor: number, decay: number]
) => void;

const { memory, adamw: kernel } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(wasm, 'base64'))).exports as unknown as {
  memory: WebAssembly.Memory;
  adamw: Kernel;
};
/** Values of a block: a quarter of the memory. */
const most = memory.buffer.byteLength / 16;
const [params, means, squares, gradients] = [0, 1, 2, 3].map((i) => new Float32Array(memory.buffer, 4 * most * i, most));

/** One step, in place. */
export function adamw({ param, m, v }: Moving, gradient: Float32Array, { clip, beta1, beta2, size, floor, decay }: AdamWScalars, decays: boolean): void {
  for (let from = 0; from < param.length; from += most) {
    const to = Math.min(from + most, param.length);
    params.set(param.subarray(from, to));
    means.set(m.subarray(from, to));
    squares.set(v.subarray(from, to));
    gradients.set(gradient.subarray(from, to));
    const count = 4 * Math.ceil((to - from) / 4); // what is beyond the end is computed and left
    kernel(count, params.byteOffset, means.byteOffset, squares.byteOffset, gradients.byteOffset, clip, beta1, beta2, 1 - beta1, 1 - beta2, size, floor, decays ? decay : 0);
    param.set(params.subarray(0, to - from), from);
    m.set(means.subarray(0, to - from), from);
    v.set(squares.subarray(0, to - from), from);
  }
}
