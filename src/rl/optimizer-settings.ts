/** What every way of training a policy has in common: how its weights move. */
import { checkpointDefaults, type CheckpointSettings } from '#src/training/checkpoints/checkpoint-settings.js';
import type { LinearModule } from '#src/lm/model/parameter-shapes.js';
import type { RateSchedule } from './methods/reward-hyperparameters.js';

export interface LoraSettings {
  rank: number;
  alpha: number;
  targetModules: LinearModule[];
  /** Share of the inputs that each step leaves out (lm/lora-dropout.ts); none when left out. */
  dropout?: number;
}

export interface OptimizerSettings extends CheckpointSettings {
  /** Peak of the schedule. */
  learningRate: number;
  /** Train low-rank factors, merged into the weights at the end; null trains all weights. */
  lora: LoraSettings | null;
  /** Of the learning rate after the warmup; linear and cosine end at zero. */
  schedule: RateSchedule;
  /**
   * Tokens computed at once in the optimizer step, shared prompts once; gradients of the parts add up to those of
   * the whole. null computes all at once. Where a request says nothing it is chosen before the run is kept (lm/micro-batch.ts).
   */
  microBatchTokens: number | null;
  /** Less memory for some more time: activations inside a layer are computed again on the way back. */
  gradientCheckpointing: boolean;
  maxGradNorm: number;
  weightDecay: number;
  seed: number;
}

export const optimizerDefaults: Omit<OptimizerSettings, 'learningRate'> = {
  lora: null,
  schedule: 'cosine',
  microBatchTokens: null,
  gradientCheckpointing: false,
  maxGradNorm: 1,
  weightDecay: 0,
  seed: 1,
  ...checkpointDefaults,
};

/** Values given win over the defaults; undefined does not count as given. Tokens computed at once: 0 is null, all. */
export function withDefaults<T extends OptimizerSettings>(defaults: T, given: Partial<T>): T {
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  const complete = { ...defaults, ...(Object.fromEntries(set) as Partial<T>) };
  return { ...complete, microBatchTokens: complete.microBatchTokens || null };
}
