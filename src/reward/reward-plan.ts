/** What training a reward model will take, from the heaviest step that its data can bring. */
import { type Checkpoint } from '#src/lm/checkpoint.js';
import { isLoraName, loraShapes } from '#src/lm/lora.js';
import { attentionCost } from '#src/lm/packing.js';
import { parameterShapes, scoreName } from '#src/lm/parameter-shapes.js';
import { isTrainedParameter, loraOf, lowestTrainedLayer } from '#src/lm/trained-layers.js';
import { planTraining, type TrainingPlan } from '#src/lm/training-plan.js';
import { trunkBytes } from '#src/lm/trunk-states.js';
import { input } from '#src/nn/graph.js';
import { type RewardHyperparameters } from './hyperparameters.js';
import { collatedSize, cutParts, type BatchSize, type EncodedGroup } from './preference-batch.js';
import { lengthOfTexts, type PreferenceGroup } from './preference-groups.js';
import { rewardLossGraph } from './reward-graph.js';
import { trunkUse } from './reward-trunk.js';
import { encodeGroups } from './encoded-groups.js';

export interface RewardPlan extends TrainingPlan {
  /** Of the part of the heaviest step that is computed at once: rows of so many tokens. */
  rows: number;
  rowTokens: number;
}

/**
 * @param groups the longest of the training data, more than one step's worth
 * @param characters of all training data
 * @throws RangeError without pairs
 */
export function planRewardTraining(
  model: Pick<Checkpoint, 'config' | 'tokenizer'>,
  groups: readonly PreferenceGroup[],
  hyperparameters: RewardHyperparameters,
  characters = lengthOfTexts(groups),
): RewardPlan {
  const config = { ...model.config, head: 'reward' as const };
  const { trainedLayers } = hyperparameters;
  const lora = loraOf(config, hyperparameters.lora, trainedLayers);
  const encoded = encodeGroups({ checkpoint: model, groups, hyperparameters }).groups;
  const size = heaviestPart(encoded, hyperparameters, {
    padId: 0,
    attentionCost: attentionCost(config),
  });
  const shapes = { ...parameterShapes(config), ...(lora ? loraShapes(config, lora) : {}) };
  const params = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, input(name, 'float32', shape)]));
  const isTrained = (name: string): boolean =>
    lora ? name === scoreName || isLoraName(name) : isTrainedParameter(config, trainedLayers, name);
  const use = trunkUse(config, hyperparameters);
  const entry = use.train ? lowestTrainedLayer(config, trainedLayers) : undefined;
  const { loss, metrics, blocks } = rewardLossGraph({ config, params, lora }, size, hyperparameters, entry);
  const trainable = Object.fromEntries(Object.entries(params).filter(([name]) => isTrained(name)));
  const keep = hyperparameters.gradientCheckpointing ? blocks : [];
  const share = use.train ? 1 : use.validation ? hyperparameters.earlyStopping!.validationFraction : 0;
  const tokens = Math.round((share * characters * encoded.reduce((total, group) => total + tokensOf(group), 0)) / lengthOfTexts(groups));
  const options = { inParts: hyperparameters.microBatchTokens !== null, trunkBytes: trunkBytes(config, tokens) };
  const plan = planTraining(config, { loss, metrics, trainable, keep }, options);
  return { ...withCopies(plan, hyperparameters.earlyStopping ? 2 : 1), rows: size.rows, rowTokens: size.time };
}

/** What is trained is kept as it was before a step, to go back to when it diverges, and with early stopping at its best. */
function withCopies({ bytes, ...plan }: TrainingPlan, copies: number): TrainingPlan {
  const more = copies * plan.trainedParameters * Float32Array.BYTES_PER_ELEMENT;
  return { ...plan, bytes: { ...bytes, trained: bytes.trained + more, peak: bytes.peak + more } };
}

const tokensOf = ({ texts }: EncodedGroup): number => texts.reduce((total, { completion }) => total + completion.length, texts[0].prompt.length);

/** As if the longest groups met in one step, of which the longest part counts. */
function heaviestPart(groups: readonly EncodedGroup[], { batchSize, microBatchTokens }: RewardHyperparameters, packing: Parameters<typeof collatedSize>[1]): BatchSize {
  const step: EncodedGroup[] = [];
  let room = batchSize;
  for (const group of [...groups].sort((a, b) => tokensOf(b) - tokensOf(a))) {
    if (step.length > 0 && group.texts.length > room) break;
    step.push(group);
    room -= group.texts.length;
  }
  const sizes = cutParts(step, microBatchTokens).map((part) => collatedSize(part, packing));
  return sizes.reduce((largest, size) => (size.rows * size.time > largest.rows * largest.time ? size : largest));
}
