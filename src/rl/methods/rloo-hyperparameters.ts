/** The knobs of an RLOO run, complete. */
import { withDefaults } from '../optimizer-settings.js';
import { rolloutDefaults, type RolloutHyperparameters } from '../rollouts/rollout-hyperparameters.js';

export interface RlooHyperparameters extends RolloutHyperparameters {
  /** Shift and scale the advantages of a step to mean 0 and deviation 1. */
  normalizeAdvantages: boolean;
}

export const rlooDefaults: RlooHyperparameters = {
  ...rolloutDefaults,
  beta: 0.05,
  normalizeAdvantages: false,
};

export const completeRloo = (given: Partial<RlooHyperparameters>): RlooHyperparameters => withDefaults(rlooDefaults, given);
