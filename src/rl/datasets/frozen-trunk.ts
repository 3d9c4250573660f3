/** Kept hidden states (lm/trunk-states.ts) in runs on recorded completions: of which data, and how they reach a batch. */
import { type ModelConfig } from '#src/lm/model/config.js';
import { lowestTrainedLayer } from '#src/lm/lora/trained-layers.js';
import { inStore, TrunkStates } from '#src/lm/lora/trunk-states.js';
import { branchesOf, type CompletionGroup } from '../batch/completion-batch.js';
import { type DatasetHyperparameters } from '../settings.js';
import { type Dataset, type DatasetTask } from './dataset-trainer.js';

/** Whose hidden states are kept. */
export interface TrunkUse {
  train: boolean;
  evaluation: boolean;
}

/**
 * Keeping pays from the second reading on. Training data are read once per epoch, and once more by a reference;
 * evaluation data before the first step and after every epoch. A function of settings alone, so that a resumed run keeps the same.
 */
export function trunkUse(
  config: ModelConfig,
  { trainedLayers, epochs }: Pick<DatasetHyperparameters, 'trainedLayers' | 'epochs'>,
  readsReference: boolean,
): TrunkUse {
  const isFrozen = lowestTrainedLayer(config, trainedLayers) > 0;
  return { train: isFrozen && (epochs > 1 || readsReference), evaluation: isFrozen };
}

/** Hands `work` the data with the sources of what is kept, and closes the store behind it. */
export async function withTrunk<G extends CompletionGroup, R>(
  task: DatasetTask,
  data: Dataset<G>,
  use: TrunkUse,
  work: (data: Dataset<G>, trunk: TrunkStates | undefined) => Promise<R>,
): Promise<R> {
  const { checkpoint, hyperparameters: hp, threads, signal, keepTrunk = true } = task;
  // Where no prompts are held out, evaluation is on the training data.
  const kept = [...new Set([...(use.train ? data.train : []), ...(use.evaluation ? data.evaluation : [])])];
  if (!keepTrunk || kept.length === 0) return work(data, undefined);
  const stored = inStore(kept.map(branchesOf));
  const layers = lowestTrainedLayer(checkpoint.config, hp.trainedLayers);
  const trunk = await TrunkStates.compute(checkpoint, stored, { layers, maxTokens: hp.microBatchTokens ?? undefined, threads, signal });
  try {
    const sources = new Map(kept.map((group, i) => [group, stored[i].source]));
    const withSource = (group: G): G => ({ ...group, source: sources.get(group) });
    return await work({ train: data.train.map(withSource), evaluation: data.evaluation.map(withSource) }, trunk);
  } finally {
    await trunk.close();
  }
}

