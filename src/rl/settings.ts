/** Settings that methods share, and their defaults; a method's own are in methods/. */
import { checkpointDefaults, type CheckpointSettings } from './checkpoints.js';
import type { LinearModule } from '#src/lm/model/parameter-shapes.js';
import type { WeightFormat } from '#src/lm/files/weight-formats.js';
import type { Schedule } from '#src/nn/optim/schedule.js';

export const rateSchedules = ['constant', 'linear', 'cosine'] as const;
export type RateSchedule = (typeof rateSchedules)[number];

export interface LoraSettings {
  rank: number;
  alpha: number;
  targetModules: LinearModule[];
  /** Share of the inputs that each step leaves out (lm/model/lora-delta.ts); none when left out. */
  dropout?: number;
}

/** Optimizer settings for any training. */
export interface OptimizerSettings {
  /** Peak of the schedule. */
  learningRate: number;
  /** Low-rank factors to train, merged into the weights at the end; null: all weights are trained. */
  lora: LoraSettings | null;
  /** Learning rate schedule after the warmup; `linear` and `cosine` end at zero. */
  schedule: RateSchedule;
  /**
   * Tokens computed at once in the optimizer step, shared prompts once; gradients of the parts add up to those of
   * the whole. null computes all at once. Where a request says nothing it is chosen before the run is kept (plan/micro-batch.ts).
   */
  microBatchTokens: number | null;
  /** Recompute the activations inside each layer in the backward pass: less memory, more time. */
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
};

/** Values given win over the defaults; undefined does not count as given. Tokens computed at once: 0 is null, all. */
export function withDefaults<T extends OptimizerSettings>(defaults: T, given: Partial<T>): T {
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  const complete = { ...defaults, ...(Object.fromEntries(set) as Partial<T>) };
  return { ...complete, microBatchTokens: complete.microBatchTokens || null };
}

/** Passes over recorded data. */
export interface PassSettings {
  /** Passes over the training data. */
  epochs: number;
  /** Ends training early; null lets the epochs decide. */
  maxSteps: number | null;
  /** Completions per optimizer step; those of one prompt stay together. */
  batchSize: number;
  /** Longest prompt with its completion, in tokens; what is cut off is up to the method. */
  maxTokens: number;
  /** Share of the steps in which the rate rises linearly from 0. */
  warmupRatio: number;
  /** Only the last so many layers, with final norm and head; null trains all of the model (lm/trained-layers.ts). */
  trainedLayers: number | null;
}

export const passDefaults: PassSettings = { epochs: 1, maxSteps: null, batchSize: 32, maxTokens: 512, warmupRatio: 0.1, trainedLayers: null };

/** The rate over the steps of such a run. */
export function scheduleOf(
  { schedule: kind, learningRate: peak, warmupRatio }: Pick<OptimizerSettings, 'schedule' | 'learningRate'> & Pick<PassSettings, 'warmupRatio'>,
  totalSteps: number,
): Schedule {
  return { kind, peak, warmupSteps: Math.ceil(warmupRatio * totalSteps), totalSteps };
}

/** Settings of the methods that train on recorded completions: SFT, DPO and KTO. A truncated completion is not trained to end there. */
export interface DatasetHyperparameters extends OptimizerSettings, PassSettings, CheckpointSettings {}

export const datasetDefaults: Omit<DatasetHyperparameters, 'learningRate'> = { ...optimizerDefaults, ...passDefaults, ...checkpointDefaults };

/** Settings of the methods that train on sampled completions: GRPO, RLOO and PPO. */
export interface RolloutHyperparameters extends OptimizerSettings, CheckpointSettings {
  steps: number;
  promptsPerStep: number;
  /** Completions per prompt. */
  groupSize: number;
  /** Maximum length of a completion, in tokens. */
  maxTokens: number;
  temperature: number;
  topP: number;
  /** Weight format for sampling: `int8` and `int4` are quantized copies, remade when weights change (sampling-correction.ts). */
  rolloutWeights: WeightFormat;
  /** The most that importance sampling lets a token or completion of such a copy count. */
  rolloutRatioMax: number;
  /** Weight of the KL to the starting policy; 0 skips computing it. */
  beta: number;
  clipLow: number;
  clipHigh: number;
  /** Optimizer steps on the completions of one step (mu in the GRPO paper). */
  innerEpochs: number;
  warmupSteps: number;
  /** Leave truncated completions out of the loss. */
  maskTruncated: boolean;
  /** Penalty on the reward of a completion of `maxTokens` tokens; proportionally less for shorter ones. */
  lengthPenalty: number;
  /** Taken off the reward of a completion that was cut off. */
  missingEosPenalty: number;
  /** The run ends when KL(policy || start) exceeds this, in nats per token; null never does. */
  klBudget: number | null;
  /** Number of evaluation prompts, from the beginning of the evaluation set (without one: of the training set), scored before and after training. */
  evaluationPrompts: number;
}

export const rolloutDefaults: Omit<RolloutHyperparameters, 'beta'> = {
  ...optimizerDefaults,
  ...checkpointDefaults,
  learningRate: 3e-4,
  steps: 40,
  promptsPerStep: 16,
  groupSize: 8,
  maxTokens: 64,
  temperature: 1,
  topP: 1,
  rolloutWeights: 'f32',
  rolloutRatioMax: 3,
  clipLow: 0.2,
  clipHigh: 0.2,
  innerEpochs: 1,
  warmupSteps: 2,
  maskTruncated: false,
  lengthPenalty: 0,
  missingEosPenalty: 0,
  klBudget: null,
  evaluationPrompts: 64,
};
