/** The knobs of supervised fine-tuning, complete. */
import { datasetDefaults, type DatasetHyperparameters } from './dataset-hyperparameters.js';
import { withDefaults } from '../optimizer-settings.js';
import type { CompletionSelection } from '../batch/training-examples.js';

export interface SftHyperparameters extends DatasetHyperparameters {
  /** Which completions of the pair set are learned. */
  completions: CompletionSelection;
}

export const sftDefaults: SftHyperparameters = { ...datasetDefaults, learningRate: 1e-4, completions: 'best' };

export const completeSft = (given: Partial<SftHyperparameters>): SftHyperparameters => withDefaults(sftDefaults, given);
