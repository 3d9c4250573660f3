/** The knobs of a GRPO run, complete: what a request leaves out is filled in here and kept with the run. */
import type { GrpoLossType, ImportanceLevel } from '../losses/grpo.js';
import { withDefaults } from '../optimizer-settings.js';
import { rolloutDefaults, type RolloutHyperparameters } from '../rollouts/rollout-hyperparameters.js';

export interface GrpoHyperparameters extends RolloutHyperparameters {
  /** Divide advantages by the deviation of their group. */
  scaleRewards: boolean;
  /** What a token counts: all the same, by completion, or the same in all steps (see grpo.ts). */
  lossType: GrpoLossType;
  /** Whether the ratio to the policy that wrote a completion is taken by token or for the completion. */
  importanceSampling: ImportanceLevel;
}

export const grpoDefaults: GrpoHyperparameters = {
  ...rolloutDefaults,
  beta: 0.04,
  scaleRewards: true,
  lossType: 'bnpo',
  importanceSampling: 'token',
};

export const completeHyperparameters = (given: Partial<GrpoHyperparameters>): GrpoHyperparameters =>
  withDefaults(grpoDefaults, given);
