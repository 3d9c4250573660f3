/** The knobs of the methods that learn from recorded completions: SFT and DPO. */
import { optimizerDefaults, type OptimizerSettings } from '../optimizer-settings.js';

export interface DatasetHyperparameters extends OptimizerSettings {
  /** Passes over the training data. */
  epochs: number;
  /** Ends training early; null lets the epochs decide. */
  maxSteps: number | null;
  /** Completions per optimizer step; those of one prompt stay together. */
  batchSize: number;
  /** Longest prompt with its completion; a longer completion loses its end, and does not learn to end there. */
  maxTokens: number;
  /** Share of the steps in which the rate rises linearly from 0. */
  warmupRatio: number;
  /** Only the last so many layers, with final norm and head; null trains all of the model (lm/trained-layers.ts). */
  trainedLayers: number | null;
}

export const datasetDefaults: Omit<DatasetHyperparameters, 'learningRate'> = {
  ...optimizerDefaults,
  epochs: 1,
  maxSteps: null,
  batchSize: 32,
  maxTokens: 512,
  warmupRatio: 0.1,
  trainedLayers: null,
};
