/** Kept hidden states (lm/trunk-states.ts) in the training of a reward model: of which texts, and where each is. */
import { type Checkpoint } from '#src/lm/files/checkpoint.js';
import { type ModelConfig } from '#src/lm/model/config.js';
import { lowestTrainedLayer } from '#src/lm/lora/trained-layers.js';
import { inStore, TrunkStates } from '#src/lm/lora/trunk-states.js';
import { type OptimizerSettings, type PassSettings } from '../settings.js';
import { type RewardEarlyStopping } from './early-stopping.js';
import { textBranches, withSources } from '../batch/packed-texts.js';
import { type EncodedGroup } from '../batch/preference-batch.js';

export interface RewardTexts {
  train: readonly EncodedGroup[];
  /** Validation data of early stopping. */
  validation: readonly EncodedGroup[];
}

/** Whose hidden states are kept. */
export type TrunkUse = Record<keyof RewardTexts, boolean>;

interface TrunkTask {
  checkpoint: Checkpoint;
  hyperparameters: Pick<PassSettings, 'trainedLayers'> & Pick<OptimizerSettings, 'microBatchTokens'>;
  threads?: number;
  signal?: AbortSignal;
}

/**
 * Keeping pays from the second reading on: of training texts with a second epoch, of validation texts always. A function of
 * settings alone, so that a resumed training keeps the same.
 */
export function trunkUse(config: ModelConfig, { trainedLayers, epochs, earlyStopping }: Pick<PassSettings, 'trainedLayers' | 'epochs'> & { earlyStopping: RewardEarlyStopping | null }): TrunkUse {
  const isFrozen = lowestTrainedLayer(config, trainedLayers) > 0;
  return { train: isFrozen && epochs > 1, validation: isFrozen && earlyStopping !== null };
}

/** The texts with the sources of what is kept, and the store, to be closed; none where nothing is kept. */
export async function keepTrunk(task: TrunkTask, texts: RewardTexts, use: TrunkUse): Promise<RewardTexts & { trunk?: TrunkStates }> {
  const kept = [...(use.train ? texts.train : []), ...(use.validation ? texts.validation : [])];
  if (kept.length === 0) return texts;
  const { checkpoint, hyperparameters, threads, signal } = task;
  const branches = kept.map((group) => textBranches(group.texts));
  const stored = inStore(branches.flat());
  const layers = lowestTrainedLayer(checkpoint.config, hyperparameters.trainedLayers);
  const maxTokens = hyperparameters.microBatchTokens ?? undefined;
  const trunk = await TrunkStates.compute(checkpoint, stored, { layers, maxTokens, threads, signal });
  let next = 0;
  const placed = kept.map((group, g): EncodedGroup => ({ ...group, texts: withSources(group.texts, branches[g].map(({ members }) => ({ members, source: stored[next++].source }))) }));
  const trained = use.train ? texts.train.length : 0;
  return { train: use.train ? placed.slice(0, trained) : texts.train, validation: use.validation ? placed.slice(trained) : texts.validation, trunk };
}
