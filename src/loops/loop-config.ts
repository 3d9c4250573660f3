/** Settings of a loop, with defaults filled in. Stored as `loops.config`; immutable while it runs. */
import type { Sampling } from '#src/completions/sampling.js';
import type { PairWeightKind, ScoreAggregation, TiePolicy } from '#src/pairs/pair-set-config.js';
import type { GivenHyperparameters } from '#src/reward/models/reward-models.service.js';
import type { HyperparametersOf, TrainingMethod } from '#src/training/methods/training-methods.js';

export const loopSelections = ['random', 'disagreement'] as const;
/** Selection of the prompts whose answers are rated. */
export type LoopSelection = (typeof loopSelections)[number];

export const loopPairsData = ['iteration', 'accumulated'] as const;
/** Whether the pairs are made of the ratings of this iteration only, or of all those of the practice prompts. */
export type LoopPairsData = (typeof loopPairsData)[number];

interface LoopGenerationConfig {
  /** Number of prompts whose answers are rated in an iteration. */
  prompts: number;
  /** Number of prompts answered for `disagreement` to choose from. */
  candidates: number;
  completionsPerPrompt: number;
  selection: LoopSelection;
  sampling: Pick<Sampling, 'temperature' | 'topP' | 'maxTokens'>;
}

export interface LoopRatingsConfig {
  /** Ratings per completion, each by a different labeler. */
  perCompletion: number;
  /** Share of completions that must have them. */
  quorum: number;
  minimumAgreement: number | null;
  /** Vendors that get a labeling batch; empty waits for ratings posted to the completions. */
  vendorIds: string[];
}

interface LoopPairsConfig {
  data: LoopPairsData;
  aggregation: ScoreAggregation;
  pairWeights?: PairWeightKind;
  ties: TiePolicy;
  minimumMargin: number;
  evalFraction: number;
}

export interface LoopTrainingConfig {
  method: TrainingMethod;
  hyperparameters: Partial<HyperparametersOf[TrainingMethod]>;
}

/** People, always: the reward model that trained a policy is the worst judge of it. */
type LoopJudge =
  | { type: 'labelers'; judgementsPerItem: number }
  | { type: 'labeling-batch'; criterionVersionId: string; vendorIds: string[]; overlap: number };

export interface LoopGate {
  /** The lower end of the interval must be beyond it. */
  winRate: number;
  /** Whether to use the length-controlled win rate. */
  lengthControlled: boolean;
  /** Nats per token at the end of a training; null sets no limit. */
  maxKl: number | null;
  /** Continue even if the audit of the reward model or of the run failed. */
  allowFailedVerdict: boolean;
}

export interface LoopConfig {
  iterations: number;
  generation: LoopGenerationConfig;
  ratings: LoopRatingsConfig;
  pairs: LoopPairsConfig;
  reward: GivenHyperparameters;
  training: LoopTrainingConfig;
  judge: LoopJudge;
  gate: LoopGate;
  seed: number;
}

type Given<T> = { [K in keyof T]?: T[K] | null };

/** What a request says of a loop; `completeLoop` fills in the rest. */
export interface LoopRequest {
  policyVersionId: string;
  alias?: string;
  criterionVersionId: string;
  promptSetId: string;
  heldOutPromptSetId: string;
  iterations?: number;
  generation: Given<Omit<LoopGenerationConfig, 'prompts' | 'sampling'>> & { prompts: number; sampling?: Given<LoopGenerationConfig['sampling']> };
  ratings?: Given<LoopRatingsConfig>;
  pairs?: Given<LoopPairsConfig>;
  reward?: { hyperparameters?: GivenHyperparameters };
  training: { method: TrainingMethod; hyperparameters?: object };
  judge: LoopJudge;
  gate?: Given<LoopGate>;
  seed?: number;
}
