/**
 * torch.optim.AdamW, over the arrays themselves:
 *
 *   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
 *   p = p (1 - rate decay) - rate (m / c1) / (sqrt(v / c2) + eps),  c1 = 1 - beta1^step, c2 = 1 - beta2^step
 *
 * with both corrections moved out of the fraction: sqrt(c2) / c1 * m / (sqrt(v) + eps sqrt(c2)). One pass reads and writes
 * each value once; as operators of a graph it is thirteen passes over memory, and memory is what an optimizer waits for.
 */

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

/** What all values of a step share. In float64, because 1 - beta^step cancels badly in float32. */
export interface AdamWScalars {
  readonly beta1: number;
  readonly beta2: number;
  /** (1 - beta1) clip */
  readonly intoM: number;
  /** (1 - beta2) clip^2 */
  readonly intoV: number;
  /** rate sqrt(c2) / c1 */
  readonly size: number;
  /** eps sqrt(c2) */
  readonly floor: number;
  /** 1 - rate decay */
  readonly shrink: number;
}

/**
 * @param step counted from 1
 * @param clip what gradients are multiplied with
 */
export function adamwScalars(step: number, rate: number, clip: number, options: AdamWOptions): AdamWScalars {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  const root = Math.sqrt(1 - beta2 ** step);
  return {
    beta1,
    beta2,
    intoM: (1 - beta1) * clip,
    intoV: (1 - beta2) * clip * clip,
    size: (rate * root) / (1 - beta1 ** step),
    floor: epsilon * root,
    shrink: 1 - rate * weightDecay,
  };
}

/** One parameter, all arrays of its length. */
export interface Moving {
  readonly param: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
}

/** One step, in place. */
export function adamw({ param, m, v }: Moving, gradient: Float32Array, scalars: AdamWScalars, decay: boolean): void {
  const { beta1, beta2, intoM, intoV, size, floor } = scalars;
  const shrink = decay ? scalars.shrink : 1;
  for (let i = 0; i < param.length; i++) {
    const g = gradient[i];
    const mean = beta1 * m[i] + intoM * g;
    const square = beta2 * v[i] + intoV * g * g;
    m[i] = mean;
    v[i] = square;
    param[i] = shrink * param[i] - (size * mean) / (Math.sqrt(square) + floor);
  }
}
