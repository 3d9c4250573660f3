/** The knobs of the methods that learn from completions they sample: GRPO and RLOO. */
import { type WeightFormat } from '#src/lm/files/weight-formats.js';
import { optimizerDefaults, type OptimizerSettings } from '../optimizer-settings.js';

export interface RolloutHyperparameters extends OptimizerSettings {
  steps: number;
  promptsPerStep: number;
  /** Completions per prompt. */
  groupSize: number;
  /** Longest completion, in tokens. */
  maxTokens: number;
  temperature: number;
  topP: number;
  /** In which the policy writes: `int8` and `int4` are copies in fewer bits, made anew when weights change (sampling-correction.ts). */
  rolloutWeights: WeightFormat;
  /** The most that importance sampling lets a token or completion of such a copy count. */
  rolloutRatioMax: number;
  /** Weight of the KL to the starting policy; 0 saves computing it. */
  beta: number;
  clipLow: number;
  clipHigh: number;
  /** Optimizer steps on the completions of one step (mu in the GRPO paper). */
  innerEpochs: number;
  warmupSteps: number;
  /** Keep completions that were cut off out of the loss. */
  maskTruncated: boolean;
  /** Taken off the reward of a completion of `maxTokens`, in proportion for shorter ones. */
  lengthPenalty: number;
  /** Taken off the reward of a completion that was cut off. */
  missingEosPenalty: number;
  /** The run ends when KL(policy || start) exceeds this, in nats per token; null never does. */
  klBudget: number | null;
  /** Prompts of the evaluation set (or else of the practice set), from its beginning, whose answers are scored before and after. */
  evaluationPrompts: number;
}

export const rolloutDefaults: Omit<RolloutHyperparameters, 'beta'> = {
  ...optimizerDefaults,
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
