/** Estimates what training a reward model needs, from the heaviest step possible with its data. */
import { type Checkpoint } from '#src/lm/files/checkpoint.js';
import { loraShapes } from '#src/lm/lora/lora.js';
import { isLoraName, noiseOf } from '#src/lm/model/lora-delta.js';
import { attentionCost } from '#src/lm/text/packing.js';
import { parameterShapes, scoreName } from '#src/lm/model/parameter-shapes.js';
import { isTrainedParameter, loraOf, lowestTrainedLayer } from '#src/lm/lora/trained-layers.js';
import { planTraining, type PlannedRuns, type TrainingPlan } from './training-plan.js';
import { trunkBytes } from '#src/lm/lora/trunk-states.js';
import { input } from '#src/nn/graph.js';
import { type RewardHyperparameters } from '../methods/reward.js';
import { type BatchSize, collatedSize, textParts, type EncodedGroup, encodeGroups } from '../batch/preference-batch.js';
import { lengthOfTexts, type PreferenceGroup } from '../batch/preference-groups.js';
import { rewardLossGraph } from '../reward/reward-graph.js';
import { trunkUse } from '../reward/reward-trunk.js';
import { largestAnswers, type ExpectedAnswers } from './expected-answers.js';
import { type EncodedText } from '../batch/reward-text.js';

export interface RewardPlan extends TrainingPlan, PlannedRuns {
  /** Of the part of the heaviest step that is computed at once: rows of so many tokens. */
  rows: number;
  rowTokens: number;
}

type Model = Pick<Checkpoint, 'config' | 'tokenizer'>;

/**
 * @param groups the longest of the training data, more than one step's worth
 * @param characters of all training data
 * @throws RangeError without pairs
 */
export function planRewardTraining(
  model: Model,
  groups: readonly PreferenceGroup[],
  hyperparameters: RewardHyperparameters,
  characters = lengthOfTexts(groups),
): RewardPlan {
  const encoded = encodeGroups({ checkpoint: model, groups, hyperparameters }).groups;
  return planGroups(model.config, encoded, hyperparameters, (characters * countTokens(encoded)) / lengthOfTexts(groups));
}

/** The same before there is data: of groups in which every answer is paired with every other. */
export function planExpectedTraining(model: Model, answers: ExpectedAnswers, hyperparameters: RewardHyperparameters): RewardPlan {
  const { batchSize, maxTokens } = hyperparameters;
  const { promptTokens, completionTokens } = largestAnswers(model, answers, maxTokens);
  const [prompt, completion] = [promptTokens, completionTokens].map((tokens) => new Array<number>(tokens).fill(0));
  const answered = Math.min(answers.completionsPerPrompt, batchSize);
  const texts = new Array<EncodedText>(answered).fill({ prompt, completion, truncated: false });
  const pairs = texts.flatMap((_, chosen) => texts.slice(chosen + 1).map((__, i) => ({ chosen, rejected: chosen + 1 + i, margin: 0 })));
  const groups = new Array<EncodedGroup>(Math.ceil(batchSize / answered)).fill({ texts, pairs });
  const tokens = answers.prompts.length * (promptTokens + answers.completionsPerPrompt * completionTokens);
  return planGroups(model.config, groups, hyperparameters, tokens);
}

/** @param trainingTokens about so many in all training data */
function planGroups(
  model: Checkpoint['config'],
  groups: readonly EncodedGroup[],
  hyperparameters: RewardHyperparameters,
  trainingTokens: number,
): RewardPlan {
  const config = { ...model, head: 'reward' as const };
  const { trainedLayers } = hyperparameters;
  const lora = loraOf(config, hyperparameters.lora, trainedLayers);
  const { size, partTokens, ...step } = heaviestPart(groups, hyperparameters, { padId: 0, attentionCost: attentionCost(config) });
  const shapes = { ...parameterShapes(config), ...(lora ? loraShapes(config, lora) : {}) };
  const params = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, input(name, 'float32', shape)]));
  const isTrained = (name: string): boolean =>
    lora ? name === scoreName || isLoraName(name) : isTrainedParameter(config, trainedLayers, name);
  const use = trunkUse(config, hyperparameters);
  const entry = use.train ? lowestTrainedLayer(config, trainedLayers) : undefined;
  const { loss, metrics, blocks } = rewardLossGraph({ config, params, lora, noise: noiseOf(lora) }, size, hyperparameters, entry);
  const trainable = Object.fromEntries(Object.entries(params).filter(([name]) => isTrained(name)));
  const keep = hyperparameters.gradientCheckpointing ? blocks : [];
  const share = use.train ? 1 : use.validation ? hyperparameters.earlyStopping!.validationFraction : 0;
  const plan = planTraining(config, { loss, metrics, trainable, keep }, { trunkBytes: trunkBytes(config, Math.round(share * trainingTokens)) });
  const { floatingPointOperations: operationsPerRun } = plan;
  return {
    ...withCopies(plan, hyperparameters.earlyStopping ? 3 : 2),
    ...step,
    operationsPerRun,
    floatingPointOperations: Math.round((operationsPerRun * step.tokens) / partTokens),
    rows: size.rows,
    rowTokens: size.time,
  };
}

/** Trained weights are also kept from before the last two steps, in case of divergence, and with early stopping at their best. */
function withCopies({ bytes, ...plan }: TrainingPlan, copies: number): TrainingPlan {
  const more = copies * plan.trainedParameters * Float32Array.BYTES_PER_ELEMENT;
  return { ...plan, bytes: { ...bytes, trained: bytes.trained + more, peak: bytes.peak + more } };
}

const tokensOf = ({ texts }: EncodedGroup): number => texts.reduce((total, { completion }) => total + completion.length, texts[0].prompt.length);

const countTokens = (groups: readonly EncodedGroup[]): number => groups.reduce((total, group) => total + tokensOf(group), 0);

interface HeaviestPart extends Pick<PlannedRuns, 'tokens' | 'runsPerStep'> {
  size: BatchSize;
  partTokens: number;
}

/** Assumes that the longest groups are in one step; its longest part counts. */
function heaviestPart(groups: readonly EncodedGroup[], { batchSize, microBatchTokens }: RewardHyperparameters, packing: Parameters<typeof collatedSize>[1]): HeaviestPart {
  const step: EncodedGroup[] = [];
  let room = batchSize;
  for (const group of [...groups].sort((a, b) => tokensOf(b) - tokensOf(a))) {
    if (step.length > 0 && group.texts.length > room) break;
    step.push(group);
    room -= group.texts.length;
  }
  const parts = textParts(step, microBatchTokens).map((part) => ({ size: collatedSize(part, packing), partTokens: countTokens(part) }));
  const largest = parts.reduce((found, part) => (part.size.rows * part.size.time > found.size.rows * found.size.time ? part : found));
  return { ...largest, tokens: countTokens(step), runsPerStep: parts.length };
}
