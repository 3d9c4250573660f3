/** The knobs of a PPO run, complete. */
import { withDefaults } from '../optimizer-settings.js';
import { rolloutDefaults, type RolloutHyperparameters } from '../rollouts/rollout-hyperparameters.js';
import { type KlEstimator } from '../losses/token-rewards.js';

export const valueStarts = ['policy', 'reward-model'] as const;
export type ValueStart = (typeof valueStarts)[number];

export const klControls = ['fixed', 'adaptive'] as const;
export type KlControl = (typeof klControls)[number];

export interface PpoHyperparameters extends RolloutHyperparameters {
  /** Whether `beta` stays or is moved until the KL of a completion comes to `klTarget`. */
  klControl: KlControl;
  /** Nats per completion. */
  klTarget: number;
  /** Completions over which `beta` is moved; larger is slower. */
  klHorizon: number;
  klEstimator: KlEstimator;
  gamma: number;
  /** Of generalized advantage estimation. */
  lambda: number;
  whitenAdvantages: boolean;
  /** Scale the rewards of tokens to deviation 1 over a step. */
  whitenRewards: boolean;
  /** Optimizer steps per inner epoch; each takes its share of the step's prompts. */
  miniBatches: number;
  /** How far a value may move from what it was at sampling before its gradient ends. */
  valueClip: number;
  valueLearningRate: number;
  /** What the value model starts from. */
  valueStart: ValueStart;
}

export const ppoDefaults: PpoHyperparameters = {
  ...rolloutDefaults,
  learningRate: 1e-4,
  groupSize: 4,
  innerEpochs: 4,
  beta: 0.05,
  klControl: 'fixed',
  klTarget: 6,
  klHorizon: 10_000,
  klEstimator: 'k1',
  gamma: 1,
  lambda: 0.95,
  whitenAdvantages: true,
  whitenRewards: false,
  miniBatches: 1,
  valueClip: 0.2,
  valueLearningRate: 3e-4,
  valueStart: 'policy',
};

export const completePpo = (given: Partial<PpoHyperparameters>): PpoHyperparameters => withDefaults(ppoDefaults, given);
