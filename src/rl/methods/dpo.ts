/**
 * Direct preference optimization (losses/dpo.ts) on pairs. What the reference gives each completion is computed once, before
 * training. Completions of a prompt share its tokens, and one that is part of several pairs is computed once.
 */
import { packCompletions, tokenParts, type PackedPart } from '../batch/completion-batch.js';
import { datasetDefaults, type DatasetHyperparameters, withDefaults } from '../settings.js';
import { dpoLoss, type DpoOptions } from '../losses/dpo.js';
import { roundUp } from '#src/lm/text/batching.js';
import { attentionCost } from '#src/lm/text/packing.js';
import { div, mul, sum } from '#src/nn/ops.js';
import { type Feeds } from '#src/nn/session.js';
import { f32, i64, scalarTensor } from '#src/nn/tensor.js';
import { type TrainGraph } from '#src/nn/train-graph.js';
import { splitLargeGroups, type PreferenceGroup } from '../batch/preference-groups.js';
import { trainOnDataset, type DatasetResult, type DatasetTask } from '../datasets/dataset-trainer.js';
import { trunkUse, withTrunk } from '../datasets/frozen-trunk.js';
import { inputLike, policyGraph, type PolicyModel } from '../policy/policy-graph.js';
import { sumBySequence } from '../losses/sequences.js';
import { withReference, type KnownGroup } from '../datasets/reference.js';
import { encodeExamples, type EncodedExamples, type ExampleGroup } from '../datasets/training-examples.js';

/** `beta` is the strength of the pull towards the starting policy; `labelSmoothing` is for the sigmoid loss. */
export interface DpoHyperparameters extends DatasetHyperparameters, DpoOptions {}

export const dpoDefaults: DpoHyperparameters = {
  ...datasetDefaults,
  learningRate: 5e-5,
  beta: 0.1,
  lossType: 'sigmoid',
  labelSmoothing: 0,
};

export const completeDpo = (given: Partial<DpoHyperparameters>): DpoHyperparameters => withDefaults(dpoDefaults, given);

export interface DpoTask extends DatasetTask<DpoHyperparameters> {
  train: readonly PreferenceGroup[];
  evaluation: readonly PreferenceGroup[];
}

export interface DpoResult extends DatasetResult {
  pairs: number;
  evaluationPairs: number;
  /** Training completions, those left out too. */
  completions: number;
  /** Truncated training completions, and ones left out because their prompt leaves no room. */
  truncated: number;
  dropped: number;
}

export type PairGroup = Omit<ExampleGroup, 'places'> & KnownGroup;

/** Pairs per step are rounded up to this, so that few graphs serve a whole run. */
const pairBucket = 32;

/** Rejects as `trainOnDataset`. */
export async function trainDpo(task: DpoTask): Promise<DpoResult> {
  const { checkpoint, hyperparameters: hp } = task;
  const encode = (groups: readonly PreferenceGroup[]): EncodedExamples => {
    const encoded = encodeExamples(checkpoint, splitLargeGroups(groups, hp.batchSize), hp.maxTokens);
    return { ...encoded, groups: encoded.groups.filter(({ pairs }) => pairs.length > 0) };
  };
  const train = encode(task.train);
  const evaluation = task.evaluation === task.train ? train : encode(task.evaluation);
  const cost = attentionCost(checkpoint.config);
  const data = { train: train.groups, evaluation: evaluation.groups };
  const result = await withTrunk(task, data, trunkUse(checkpoint.config, hp, true), async (stored, trunk) => {
    const known = { train: await withReference(task, stored.train, cost, trunk), evaluation: await withReference(task, stored.evaluation, cost, trunk) };
    return trainOnDataset(task, known, {
      pack: (groups, maxTokens) => packPairs(groups, maxTokens, cost),
      graph: (model, feeds) => dpoGraph(model, feeds, hp, hp.gradientCheckpointing),
      trunk,
    });
  });
  return {
    ...result,
    pairs: countPairs(train.groups),
    evaluationPairs: countPairs(evaluation.groups),
    completions: train.given,
    truncated: train.truncated,
    dropped: train.dropped,
  };
}

/** Every part divides by the pairs and tokens of all. */
export function packPairs(groups: readonly PairGroup[], maxTokens: number | null, cost: number): PackedPart[] {
  const weight = 1 / countPairs(groups);
  const parts = tokenParts(groups, maxTokens);
  const batches = parts.map((part) => packCompletions(part, cost));
  const tokens = scalarTensor(batches.reduce((total, batch) => total + batch.tokens, 0));
  return batches.map(({ rows, time, spans, sequences, feeds }, i) => {
    const part = parts[i];
    const refLogProbs = part.flatMap((group) => group.refLogProbs);
    let first = 0;
    const pairs = part.flatMap(({ completions, pairs: own }) => {
      const moved = own.map(({ chosen, rejected }) => ({ chosen: chosen + first, rejected: rejected + first }));
      first += completions.length;
      return moved;
    });
    const size = roundUp(pairs.length, pairBucket);
    // Pairs that only pad compare completion 0 with itself and weigh nothing.
    const column = (value: (pair: (typeof pairs)[number]) => number): number[] =>
      Array.from({ length: size }, (_, p) => (p < pairs.length ? value(pairs[p]) : 0));
    const own = {
      refLogProbs: f32(Array.from({ length: sequences }, (_, s) => refLogProbs[s] ?? 0), [sequences]),
      chosen: i64(column(({ chosen }) => chosen), [size]),
      rejected: i64(column(({ rejected }) => rejected), [size]),
      weights: f32(column(() => weight), [size]),
      tokens,
    };
    return { rows, time, spans, feeds: { ...feeds, ...own } };
  });
}

export function dpoGraph(model: PolicyModel, feeds: Feeds, options: DpoOptions, gradientCheckpointing: boolean): TrainGraph {
  const at = (name: string) => inputLike(name, feeds);
  return policyGraph(model, feeds, { temperature: 1, gradientCheckpointing }, ({ logProbs, entropies }) => {
    const [mask, sequence, lengths] = [at('mask'), at('sequence'), at('lengths')];
    const [count] = lengths.shape;
    const { loss, ...figures } = dpoLoss(
      {
        logProbs: sumBySequence(mul(logProbs, mask), sequence, count),
        refLogProbs: at('refLogProbs'),
        lengths,
        chosen: at('chosen'),
        rejected: at('rejected'),
        weights: at('weights'),
      },
      options,
    );
    return {
      loss,
      metrics: {
        'rewards/chosen': figures.chosenRewards,
        'rewards/rejected': figures.rejectedRewards,
        'rewards/margins': figures.margins,
        'rewards/accuracies': figures.accuracies,
        'logps/chosen': figures.chosenLogProbs,
        'logps/rejected': figures.rejectedLogProbs,
        entropy: div(sum(mul(entropies, mask)), at('tokens')),
      },
    };
  });
}

const countPairs = (groups: readonly Pick<ExampleGroup, 'pairs'>[]): number => groups.reduce((total, { pairs }) => total + pairs.length, 0);
