/** The knobs of direct preference optimization, complete. */
import { datasetDefaults, type DatasetHyperparameters } from './dataset-hyperparameters.js';
import type { DpoOptions } from '../losses/dpo.js';
import { withDefaults } from '../optimizer-settings.js';

/** `beta` says how dear it is to leave the starting policy; `labelSmoothing` is for the sigmoid loss. */
export interface DpoHyperparameters extends DatasetHyperparameters, DpoOptions {}

export const dpoDefaults: DpoHyperparameters = {
  ...datasetDefaults,
  learningRate: 5e-5,
  beta: 0.1,
  lossType: 'sigmoid',
  labelSmoothing: 0,
};

export const completeDpo = (given: Partial<DpoHyperparameters>): DpoHyperparameters => withDefaults(dpoDefaults, given);
