import { unprocessable } from '#src/common/problem.js';
import { type ModelConfig } from '#src/lm/model/config.js';
import { type TrainedLayers } from '#src/lm/lora/trained-layers.js';

/** @throws ProblemException 422 `hyperparameters_impossible` when the model has fewer layers */
export function requireLayers({ numLayers }: Pick<ModelConfig, 'numLayers'>, trainedLayers: TrainedLayers): void {
  if ((trainedLayers ?? 0) <= numLayers) return;
  const message = `the model has ${numLayers} layers: 1 to ${numLayers} of them can be trained, or null for all of the model`;
  throw unprocessable('hyperparameters_impossible', '/hyperparameters/trainedLayers', 'max', message, trainedLayers);
}
