import type { Node } from '../graph.js';
import { add, div, mul, sqrt, square, sub } from '../ops.js';

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

/** Scalars of one step: the learning rate and the bias corrections 1 - beta^step. */
export interface StepRates {
  readonly rate: Node;
  readonly correction1: Node;
  readonly correction2: Node;
  /** What gradients are multiplied with, for clipping; 1 when left out. */
  readonly clip?: Node;
}

/** Scalars that all parameters of a step share, worked out once, so that no pass over a parameter is spent on them. */
export interface StepScalars {
  /** (1 - beta1) clip */
  readonly intoM: Node | number;
  /** (1 - beta2) clip^2 */
  readonly intoV: Node | number;
  /** rate sqrt(correction2) / correction1 */
  readonly size: Node;
  /** epsilon sqrt(correction2) */
  readonly floor: Node;
  /** 1 - rate weightDecay */
  readonly shrink: Node;
}

export function stepScalars({ rate, correction1, correction2, clip }: StepRates, options: AdamWOptions): StepScalars {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  const root = sqrt(correction2);
  return {
    intoM: clip ? mul(clip, 1 - beta1) : 1 - beta1,
    intoV: clip ? mul(square(clip), 1 - beta2) : 1 - beta2,
    size: mul(div(rate, correction1), root),
    floor: mul(root, epsilon),
    shrink: sub(1, mul(rate, weightDecay)),
  };
}

/** The three values of a parameter before or after a step, all of its shape. */
export interface ParameterState {
  readonly param: Node;
  readonly m: Node;
  readonly v: Node;
}

/**
 * One AdamW step of one parameter as a graph: torch.optim.AdamW, with both bias corrections moved out of the fraction,
 * (m / c1) / (sqrt(v / c2) + eps) = sqrt(c2) / c1 * m / (sqrt(v) + eps sqrt(c2)).
 */
export function adamw(
  before: ParameterState,
  gradient: Node,
  { intoM, intoV, size, floor, shrink }: StepScalars,
  options: AdamWOptions & { readonly decay: boolean },
): ParameterState {
  const { beta1 = 0.9, beta2 = 0.999, weightDecay = 0, decay } = options;
  const m = add(mul(before.m, beta1), mul(gradient, intoM));
  const v = add(mul(before.v, beta2), mul(square(gradient), intoV));
  const update = div(mul(m, size), add(sqrt(v), floor));
  const shrunk = decay && weightDecay !== 0 ? mul(before.param, shrink) : before.param;
  return { param: sub(shrunk, update), m, v };
}

/** Feeds for one step, counted from 1. In float64 here, because 1 - beta^step cancels badly in float32. */
export function adamwRates(
  step: number,
  rate: number,
  { beta1 = 0.9, beta2 = 0.999 }: AdamWOptions,
): { rate: number; correction1: number; correction2: number } {
  return { rate, correction1: 1 - beta1 ** step, correction2: 1 - beta2 ** step };
}
