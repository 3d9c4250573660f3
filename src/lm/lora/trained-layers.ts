/**
 * Training of the upper layers alone. `trainedLayers` counts them from the top; null, or nothing, is all of the model.
 *
 * With a number, the embeddings and the layers below stay as they are, and what they make of a text is the same at every
 * step. Full training moves the layers counted, the final norm and the head. A head that is tied to the embeddings stays with
 * them: were it trained, the input side would move along, and nothing below the first trained layer could be kept.
 */
import { type ModelConfig } from '../model/config.js';
import { familyOf } from '../model/families.js';
import type { LoraConfig } from '../model/lora-delta.js';

export type TrainedLayers = number | null | undefined;

/** Index of the lowest layer that is trained, which is the number of those that are not. */
export const lowestTrainedLayer = ({ numLayers }: Pick<ModelConfig, 'numLayers'>, trainedLayers: TrainedLayers): number =>
  numLayers - (trainedLayers ?? numLayers);

/** Whether training of full weights moves a parameter. */
export function isTrainedParameter(config: ModelConfig, trainedLayers: TrainedLayers, name: string): boolean {
  if (trainedLayers === null || trainedLayers === undefined) return true;
  const { names } = familyOf(config);
  if (name.startsWith(names.layers)) return Number.parseInt(name.slice(names.layers.length), 10) >= lowestTrainedLayer(config, trainedLayers);
  return name !== `${names.embedding}.weight` && name !== `${names.positions}.weight`;
}

/** Low-rank factors in the trained layers alone. */
export function loraOf(config: ModelConfig, lora: LoraConfig | null, trainedLayers: TrainedLayers): LoraConfig | undefined {
  if (!lora) return undefined;
  if (trainedLayers === null || trainedLayers === undefined) return lora;
  const lowest = lowestTrainedLayer(config, trainedLayers);
  return { ...lora, layers: Array.from({ length: trainedLayers }, (_, i) => lowest + i) };
}
