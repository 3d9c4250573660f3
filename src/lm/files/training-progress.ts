/** How far a run has come: what it needs to go on as if it had never stopped. */
import { type Tensor } from '#src/nn/tensor.js';

export type Metrics = Record<string, number>;

/** Facts that JSON can hold, and tensors. */
export interface SavedProgress {
  /** Steps done. */
  step: number;
  /** Of `TrainState`, with what else a method keeps as float32 tensors. */
  state: Record<string, Tensor>;
}

export interface TrainingProgress extends SavedProgress {
  /** What the evaluation found before the first step. */
  before: Metrics;
  /** Step after step. */
  metrics: Metrics[];
  /** Numbers that a method carries from step to step. */
  scalars?: Metrics;
}
