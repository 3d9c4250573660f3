/** Supervised fine-tuning (losses/sft.ts) on the completions that people preferred. */
import { datasetDefaults, type DatasetHyperparameters, withDefaults } from '../settings.js';
import { type CompletionSelection, encodeExamples, selectCompletions } from '../datasets/training-examples.js';
import { attentionCost } from '#src/lm/text/packing.js';
import { type Node } from '#src/nn/graph.js';
import { div, mul, sum } from '#src/nn/ops.js';
import { type Feeds } from '#src/nn/session.js';
import { scalarTensor } from '#src/nn/tensor.js';
import { type TrainGraph } from '#src/nn/train-graph.js';
import { type PreferenceGroup } from '../batch/preference-groups.js';
import { tokenParts, packCompletions, type CompletionGroup, type PackedPart } from '../batch/completion-batch.js';
import { trainOnDataset, type DatasetResult, type DatasetTask } from '../datasets/dataset-trainer.js';
import { trunkUse, withTrunk } from '../datasets/frozen-trunk.js';
import { inputLike, policyGraph, type PolicyModel } from '../policy/policy-graph.js';
import { isLikeliest, sftLoss } from '../losses/sft.js';

export interface SftHyperparameters extends DatasetHyperparameters {
  /** Which completions of the pair set are learned. */
  completions: CompletionSelection;
}

export const sftDefaults: SftHyperparameters = { ...datasetDefaults, learningRate: 1e-4, completions: 'best' };

export const completeSft = (given: Partial<SftHyperparameters>): SftHyperparameters => withDefaults(sftDefaults, given);

export interface SftTask extends DatasetTask<SftHyperparameters> {
  /** Prompts with their completions; the pairs say which of these are learned. */
  train: readonly PreferenceGroup[];
  evaluation: readonly PreferenceGroup[];
}

export interface SftResult extends DatasetResult {
  /** Completions learned, of the training prompts. */
  examples: number;
  evaluationExamples: number;
  /** Training completions, those left out too. */
  completions: number;
  /** Truncated ones among these, and ones left out because their prompt leaves no room. */
  truncated: number;
  dropped: number;
}

/** Rejects as `trainOnDataset`. */
export async function trainSft(task: SftTask): Promise<SftResult> {
  const { checkpoint, hyperparameters: hp } = task;
  const encode = (groups: readonly PreferenceGroup[]) =>
    encodeExamples(checkpoint, selectCompletions(groups, hp.completions), hp.maxTokens);
  const train = encode(task.train);
  const evaluation = task.evaluation === task.train ? train : encode(task.evaluation);
  const cost = attentionCost(checkpoint.config);
  const data = { train: train.groups, evaluation: evaluation.groups };
  const result = await withTrunk(task, data, trunkUse(checkpoint.config, hp, false), (stored, trunk) =>
    trainOnDataset(task, stored, {
      pack: (groups, maxTokens) => packSft(groups, maxTokens, cost),
      graph: (model, feeds) => sftGraph(model, feeds, hp.gradientCheckpointing),
      trunk,
    }),
  );
  return {
    ...result,
    examples: countCompletions(train.groups),
    evaluationExamples: countCompletions(evaluation.groups),
    completions: train.given,
    truncated: train.truncated,
    dropped: train.dropped,
  };
}

/** Every part divides by the tokens of all. */
export function packSft(groups: readonly CompletionGroup[], maxTokens: number | null, cost: number): PackedPart[] {
  const batches = tokenParts(groups, maxTokens).map((part) => packCompletions(part, cost));
  const tokens = scalarTensor(batches.reduce((total, batch) => total + batch.tokens, 0));
  return batches.map(({ rows, time, spans, feeds }) => ({ rows, time, spans, feeds: { ...feeds, tokens } }));
}

export function sftGraph(model: PolicyModel, feeds: Feeds, gradientCheckpointing: boolean): TrainGraph {
  return policyGraph(model, feeds, { temperature: 1, gradientCheckpointing }, ({ targets, logits, logProbs, entropies }) => {
    const [mask, tokens] = [inputLike('mask', feeds), inputLike('tokens', feeds)];
    const average = (perToken: Node): Node => div(sum(mul(perToken, mask)), tokens);
    return {
      loss: sftLoss({ logProbs, mask, tokens }),
      metrics: {
        mean_token_accuracy: average(isLikeliest(logits, targets)),
        entropy: average(entropies),
      },
    };
  });
}

const countCompletions = (groups: readonly CompletionGroup[]): number =>
  groups.reduce((total, { completions }) => total + completions.length, 0);
