/** The interface of a method to the rollout loop (rollout-trainer.ts): it learns from a step's scored completions. */
import { type Metrics, type TrainingProgress } from '#src/lm/files/training-progress.js';
import { type Tensor } from '#src/nn/tensor.js';
import { type CompletionLogProbs } from '../policy/completion-log-probs.js';
import { type RolloutGroup } from '../batch/group-batch.js';
import { type PolicyWeights } from '../policy/policy-weights.js';
import { type TokenLogProbs } from '../policy/token-log-probs.js';

export interface LearningStep {
  /** From 0. */
  step: number;
  /** In groups by prompt; advantages are not known yet. */
  groups: readonly RolloutGroup[];
  /** Rewards of all completions, group after group. */
  rewards: readonly number[];
  /** The learning rate of the step as a share of its peak. */
  pace: number;
  /** Log-probabilities of the tokens under the policy before this step and under the reference; computed on first use. */
  logProbs: () => Promise<CompletionLogProbs>;
  /** They are computed already, or will be. */
  measured: boolean;
}

export interface Learned {
  /** Of all completions. */
  advantages: readonly number[];
  metrics: Metrics;
}

export interface Learner {
  /** @throws TrainingDivergedError when a loss or gradient is not finite; the weights are then spoilt */
  learn: (step: LearningStep) => Promise<Learned>;
  /** State that a resumed run needs in addition to the policy's weights. */
  progress: () => Pick<TrainingProgress, 'scalars'> & { state: Record<string, Tensor> };
  dispose: () => Promise<void>;
}

export interface LearnerParts {
  weights: PolicyWeights;
  reference: TokenLogProbs;
  attentionCost: number;
  threads?: number;
  resume?: TrainingProgress;
}

export type MakeLearner = (parts: LearnerParts) => Learner;
