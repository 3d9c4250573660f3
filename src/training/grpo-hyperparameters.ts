/** The knobs of a GRPO run, complete: what a request leaves out is filled in here and kept with the run. */
import type { LinearModule } from '#src/lm/parameter-shapes.js';
import type { RateSchedule } from '#src/reward/hyperparameters.js';

export interface GrpoLora {
  rank: number;
  alpha: number;
  targetModules: LinearModule[];
}

export interface GrpoHyperparameters {
  learningRate: number;
  steps: number;
  promptsPerStep: number;
  /** Completions per prompt. */
  groupSize: number;
  /** Longest completion, in tokens. */
  maxTokens: number;
  temperature: number;
  topP: number;
  /** Weight of the KL to the starting policy. */
  beta: number;
  clipLow: number;
  clipHigh: number;
  /** Divide advantages by the deviation of their group. */
  scaleRewards: boolean;
  /** Optimizer steps on the completions of one step (mu in the paper). */
  innerEpochs: number;
  /** Train low-rank factors, merged into the weights at the end; null trains all weights. */
  lora: GrpoLora | null;
  /** Of the learning rate after the warmup; linear and cosine end at zero. */
  schedule: RateSchedule;
  warmupSteps: number;
  /**
   * Tokens computed at once in the optimizer step, shared prompts once; gradients of the parts add up to those of
   * the whole. null computes all at once.
   */
  microBatchTokens: number | null;
  /** Less memory for some more time: activations inside a layer are computed again on the way back. */
  gradientCheckpointing: boolean;
  maxGradNorm: number;
  weightDecay: number;
  /** Keep completions that were cut off out of the loss. */
  maskTruncated: boolean;
  /** Taken off the reward of a completion of `maxTokens`, in proportion for shorter ones. */
  lengthPenalty: number;
  /** Prompts of the set, from its beginning, whose answers are scored before and after. */
  evaluationPrompts: number;
  seed: number;
}

export const grpoDefaults: GrpoHyperparameters = {
  learningRate: 3e-4,
  steps: 40,
  promptsPerStep: 16,
  groupSize: 8,
  maxTokens: 64,
  temperature: 1,
  topP: 1,
  beta: 0.04,
  clipLow: 0.2,
  clipHigh: 0.2,
  scaleRewards: true,
  innerEpochs: 1,
  lora: null,
  schedule: 'cosine',
  warmupSteps: 2,
  microBatchTokens: null,
  gradientCheckpointing: false,
  maxGradNorm: 1,
  weightDecay: 0,
  maskTruncated: false,
  lengthPenalty: 0,
  evaluationPrompts: 64,
  seed: 1,
};

/** Values given win over the defaults; undefined does not count as given. */
export function completeHyperparameters(given: Partial<GrpoHyperparameters>): GrpoHyperparameters {
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...grpoDefaults, ...(Object.fromEntries(set) as Partial<GrpoHyperparameters>) };
}
