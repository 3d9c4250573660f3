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
}

/** The three values of a parameter before or after a step, all of its shape. */
export interface ParameterState {
  readonly param: Node;
  readonly m: Node;
  readonly v: Node;
}

/** One AdamW step of one parameter as a graph; the same arithmetic as torch.optim.AdamW. */
export function adamw(
  before: ParameterState,
  gradient: Node,
  rates: StepRates,
  options: AdamWOptions & { readonly decay: boolean },
): ParameterState {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, decay } = options;
  const m = add(mul(before.m, beta1), mul(gradient, 1 - beta1));
  const v = add(mul(before.v, beta2), mul(square(gradient), 1 - beta2));
  const denominator = add(div(sqrt(v), sqrt(rates.correction2)), epsilon);
  const update = div(mul(m, div(rates.rate, rates.correction1)), denominator);
  const shrunk =
    decay && weightDecay !== 0 ? mul(before.param, sub(1, mul(rates.rate, weightDecay))) : before.param;
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
