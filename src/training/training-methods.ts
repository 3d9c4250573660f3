/** The ways to train a policy, what each can be told, and what comes of it. */
import { byLoss, byReward, type JudgedBy } from '#src/rl/checkpoints.js';
import { completeDpo, type DpoHyperparameters } from '#src/rl/methods/dpo.js';
import { completeGrpo, type GrpoHyperparameters } from '#src/rl/methods/grpo.js';
import { completePpo, type PpoHyperparameters } from '#src/rl/methods/ppo.js';
import { completeRloo, type RlooHyperparameters } from '#src/rl/methods/rloo.js';
import { type EvaluatedSplit } from '#src/reward/evaluation/reward-evaluation.js';
import { type Stopped } from '#src/rl/step-loop.js';
import { completeSft, type SftHyperparameters } from '#src/rl/methods/sft.js';

export const trainingMethods = ['sft', 'dpo', 'grpo', 'rloo', 'ppo'] as const;
export type TrainingMethod = (typeof trainingMethods)[number];

export interface HyperparametersOf {
  sft: SftHyperparameters;
  dpo: DpoHyperparameters;
  grpo: GrpoHyperparameters;
  rloo: RlooHyperparameters;
  ppo: PpoHyperparameters;
}

/** Fills in what a request leaves out. */
export const completeFor: { [M in TrainingMethod]: (given: Partial<HyperparametersOf[M]>) => HyperparametersOf[M] } = {
  sft: completeSft,
  dpo: completeDpo,
  grpo: completeGrpo,
  rloo: completeRloo,
  ppo: completePpo,
};

/** What an evaluation of a run is judged by. */
const judges: Record<TrainingMethod, JudgedBy> = { sft: byLoss, dpo: byLoss, grpo: byReward, rloo: byReward, ppo: byReward };
export const judgeOf = (method: TrainingMethod): JudgedBy => judges[method];

/** What a run that samples came to; rewards are means of the reward model on the same prompts and seeds. */
export interface RolloutSummary {
  rewardBefore: number;
  rewardAfter: number;
  /** Estimate of KL(policy || reference) in nats per token at the end; null when no step measured it. */
  kl: number | null;
  entropy: number | null;
  /** Taken; fewer than asked for in a run that stopped early. */
  steps: number;
  stopped: Stopped | null;
  evaluationPrompts: number;
  /** `train` when no prompts were held out: these are then the first that it practised on. */
  split: EvaluatedSplit;
}

/** What a run on recorded completions came to, as measured on its evaluation data. */
interface DatasetSummary {
  /** Taken; fewer than planned in a run that stopped early. */
  steps: number;
  stopped: Stopped | null;
  /** `train` when the pair set keeps no prompts from training. */
  split: EvaluatedSplit;
  lossBefore: number;
  lossAfter: number;
  /** Training completions that lost their end, and that were left out, for length. */
  truncated: number;
  dropped: number;
}

export interface SftSummary extends DatasetSummary {
  examples: number;
  evaluationExamples: number;
  /** Share of tokens that the policy gives the highest probability. */
  tokenAccuracyBefore: number;
  tokenAccuracyAfter: number;
}

export interface DpoSummary extends DatasetSummary {
  pairs: number;
  evaluationPairs: number;
  /** Share of pairs whose chosen completion gained more likelihood than the rejected one. */
  accuracy: number;
  margin: number;
  chosenReward: number;
  rejectedReward: number;
}

export interface SummaryOf {
  sft: SftSummary;
  dpo: DpoSummary;
  grpo: RolloutSummary;
  rloo: RolloutSummary;
  ppo: RolloutSummary;
}
