/**
 * Kahneman-Tversky optimization (losses/kto.ts) on completions that were judged one by one. What the reference gives each
 * completion is computed once, before training; the reference point is estimated in every step, from the current weights.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { attentionCost } from '#src/lm/text/packing.js';
import { div, mul, sub, sum } from '#src/nn/ops.js';
import { type Feeds } from '#src/nn/session.js';
import { f32, floats, scalarTensor, type Tensor } from '#src/nn/tensor.js';
import { type TrainGraph } from '#src/nn/train-graph.js';
import { packCompletions, tokenParts, type CompletionGroup, type PackedPart } from '../batch/completion-batch.js';
import { type PreferenceGroup } from '../batch/preference-groups.js';
import { trainOnDataset, type DatasetResult, type DatasetTask, type StepEstimate } from '../datasets/dataset-trainer.js';
import { trunkUse, withTrunk } from '../datasets/frozen-trunk.js';
import { referenceTokens, sumCompletions, withReference, type KnownGroup } from '../datasets/reference.js';
import { encodeExamples, type ExampleGroup } from '../datasets/training-examples.js';
import { ktoLoss } from '../losses/kto.js';
import { sumBySequence } from '../losses/sequences.js';
import { inputLike, policyGraph, type PolicyModel } from '../policy/policy-graph.js';
import { TokenLogProbs } from '../policy/token-log-probs.js';
import { datasetDefaults, withDefaults, type DatasetHyperparameters } from '../settings.js';

export interface KtoHyperparameters extends DatasetHyperparameters {
  /** Strength of the pull towards the starting policy. */
  beta: number;
  /** Weights of a desirable and an undesirable completion in the loss. */
  desirableWeight: number;
  undesirableWeight: number;
}

export const ktoDefaults: KtoHyperparameters = { ...datasetDefaults, learningRate: 5e-5, beta: 0.1, desirableWeight: 1, undesirableWeight: 1 };

export const completeKto = (given: Partial<KtoHyperparameters>): KtoHyperparameters => withDefaults(ktoDefaults, given);

/** A prompt with completions that were judged; it has no pairs. */
export interface JudgedGroup extends Omit<PreferenceGroup, 'pairs'> {
  /** By completion. */
  desirable: boolean[];
}

export interface KtoTask extends DatasetTask<KtoHyperparameters> {
  train: readonly JudgedGroup[];
  evaluation: readonly JudgedGroup[];
}

export interface KtoResult extends DatasetResult {
  /** Completions learned, and those of them that are desirable. */
  examples: number;
  desirable: number;
  evaluationExamples: number;
  /** Training completions, those left out too. */
  completions: number;
  /** Truncated training completions, and ones left out because their prompt leaves no room. */
  truncated: number;
  dropped: number;
}

interface LabeledGroup extends ExampleGroup {
  desirable: boolean[];
}

type KtoGroup = LabeledGroup & KnownGroup;

/** Rejects as `trainOnDataset`. */
export async function trainKto(task: KtoTask): Promise<KtoResult> {
  const { checkpoint, hyperparameters: hp, threads } = task;
  const encode = (groups: readonly JudgedGroup[]) => {
    const { groups: encoded, ...counts } = encodeExamples(checkpoint, inSteps(groups, hp.batchSize), hp.maxTokens);
    return { ...counts, groups: encoded.map(({ of, ...group }): LabeledGroup => ({ ...group, desirable: group.places.map((place) => of.desirable[place]) })) };
  };
  const train = encode(task.train);
  const evaluation = task.evaluation === task.train ? train : encode(task.evaluation);
  const cost = attentionCost(checkpoint.config);
  const longest = Math.min(hp.maxTokens, checkpoint.config.maxPositionEmbeddings);
  const data = { train: train.groups, evaluation: evaluation.groups };
  const reference = new TokenLogProbs(checkpoint, 1, threads);
  try {
    const result = await withTrunk(task, data, trunkUse(checkpoint.config, hp, true), async (stored, trunk) => {
      const known = { train: await withReference(task, stored.train, cost, trunk), evaluation: await withReference(task, stored.evaluation, cost, trunk) };
      return trainOnDataset<KtoGroup>(task, known, {
        pack: (groups, maxTokens) => packJudged(groups, hp, maxTokens, cost),
        graph: (model, feeds) => ktoGraph(model, feeds, hp),
        estimate: (model) => new ReferencePoint(reference, model, { cost, longest, maxTokens: hp.microBatchTokens, threads }),
        unknown: oneSided,
        trunk,
      });
    });
    const count = (groups: readonly LabeledGroup[], of: (desirable: boolean) => boolean): number => groups.reduce((total, { desirable }) => total + desirable.filter(of).length, 0);
    return {
      ...result,
      examples: count(train.groups, () => true),
      desirable: count(train.groups, Boolean),
      evaluationExamples: count(evaluation.groups, () => true),
      completions: train.given,
      truncated: train.truncated,
      dropped: train.dropped,
    };
  } finally {
    await reference.dispose();
  }
}

/** Groups of at most a step's completions. */
function inSteps(groups: readonly JudgedGroup[], batchSize: number): (JudgedGroup & { pairs: [] })[] {
  return groups.flatMap(({ completions, desirable, ...group }) =>
    Array.from({ length: Math.ceil(completions.length / batchSize) }, (_, part) => {
      const own = <T>(of: readonly T[]): T[] => of.slice(part * batchSize, (part + 1) * batchSize);
      return { ...group, completions: own(completions), desirable: own(desirable), pairs: [] as [] };
    }),
  );
}

/**
 * Each prompt with the completions of the one before it, the first with those of the last; where that is the same prompt again, of
 * the nearest other one. What leaves no room loses its end. Empty where there is only one prompt.
 */
export function mismatched(groups: readonly CompletionGroup[], longest: number): CompletionGroup[] {
  const prompts = groups.map(({ promptIds }) => promptIds.join());
  if (new Set(prompts).size < 2) return [];
  return groups.map(({ promptIds }, g) => {
    const before = [...prompts.keys()].map((back) => (g - 1 - back + groups.length) % groups.length);
    const { completions } = groups[before.find((other) => prompts[other] !== prompts[g])!];
    return { promptIds, completions: completions.map(({ tokenIds }) => ({ tokenIds: tokenIds.slice(0, Math.max(1, longest - promptIds.length)) })) };
  });
}

/** z of a step's loss; 0 if the step has only one prompt, because mismatched completions need another. */
export class ReferencePoint implements StepEstimate<CompletionGroup> {
  private readonly current: TokenLogProbs;

  constructor(
    private readonly reference: TokenLogProbs,
    model: PolicyModel,
    private readonly sizes: { cost: number; longest: number; maxTokens: number | null; threads?: number },
  ) {
    this.current = new TokenLogProbs(model, 1, sizes.threads);
  }

  async of(groups: readonly CompletionGroup[], abandoned?: AbortSignal): Promise<Record<'referencePoint', Tensor>> {
    const { cost, longest, maxTokens } = this.sizes;
    let [total, count] = [0, 0];
    for (const part of tokenParts(mismatched(groups, longest), maxTokens ?? referenceTokens)) {
      abandoned?.throwIfAborted();
      const batch = packCompletions(part, cost);
      const [own, ref] = [sumCompletions(floats(await this.current.of(batch)), batch), sumCompletions(floats(await this.reference.of(batch)), batch)];
      own.forEach((value, c) => (total += value - ref[c]));
      count += own.length;
      await turn();
    }
    return { referencePoint: scalarTensor(Math.max(0, total / Math.max(1, count))) };
  }

  dispose(): Promise<void> {
    return this.current.dispose();
  }
}

/** Every part divides by the completions and tokens of all. */
export function packJudged(
  groups: readonly KtoGroup[],
  { desirableWeight, undesirableWeight }: Pick<KtoHyperparameters, 'desirableWeight' | 'undesirableWeight'>,
  maxTokens: number | null,
  cost: number,
): PackedPart[] {
  const labels = groups.flatMap(({ desirable }) => desirable);
  const liked = labels.filter(Boolean).length;
  const parts = tokenParts(groups, maxTokens);
  const batches = parts.map((part) => packCompletions(part, cost));
  const tokens = scalarTensor(batches.reduce((total, batch) => total + batch.tokens, 0));
  return batches.map(({ rows, time, spans, sequences, feeds }, i) => {
    const own = parts[i].flatMap(({ desirable }) => desirable);
    const refLogProbs = parts[i].flatMap((group) => group.refLogProbs);
    const column = (value: (desirable: boolean, index: number) => number): Tensor =>
      f32(Array.from({ length: sequences }, (_, c) => (c < own.length ? value(own[c], c) : 0)), [sequences]);
    return {
      rows,
      time,
      spans,
      feeds: {
        ...feeds,
        tokens,
        refLogProbs: column((_, c) => refLogProbs[c]),
        sign: column((desirable) => (desirable ? 1 : -1)),
        lossWeights: column((desirable) => (desirable ? desirableWeight : undesirableWeight) / labels.length),
        desirable: column((desirable) => (desirable ? 1 / liked : 0)),
        undesirable: column((desirable) => (desirable ? 0 : 1 / (labels.length - liked))),
        share: column(() => 1 / labels.length),
      },
    };
  });
}

/** Feeds: those of `packJudged`, and `referencePoint` float32 []. */
export function ktoGraph(model: PolicyModel, feeds: Feeds, { beta, gradientCheckpointing }: Pick<KtoHyperparameters, 'beta' | 'gradientCheckpointing'>): TrainGraph {
  return policyGraph(model, feeds, { temperature: 1, gradientCheckpointing }, ({ logProbs, entropies }) => {
    const at = (name: string) => inputLike(name, feeds);
    const [mask, sequence] = [at('mask'), at('sequence')];
    const [count] = feeds.share.shape;
    const { loss, ...figures } = ktoLoss(
      {
        logProbs: sumBySequence(mul(logProbs, mask), sequence, count),
        refLogProbs: at('refLogProbs'),
        sign: at('sign'),
        weights: at('lossWeights'),
        desirable: at('desirable'),
        undesirable: at('undesirable'),
        share: at('share'),
        kl: at('referencePoint'),
      },
      beta,
    );
    return {
      loss,
      metrics: {
        kl: figures.kl,
        'rewards/chosen': figures.desirableRewards,
        'rewards/rejected': figures.undesirableRewards,
        'rewards/margins': sub(figures.desirableRewards, figures.undesirableRewards),
        'logps/chosen': figures.desirableLogProbs,
        'logps/rejected': figures.undesirableLogProbs,
        entropy: div(sum(mul(entropies, mask)), at('tokens')),
      },
    };
  });
}

/** Figures that a step says nothing of, as in TRL: a kind of completion that it has none of. */
function oneSided(groups: readonly LabeledGroup[]): string[] {
  const labels = groups.flatMap(({ desirable }) => desirable);
  const missing = [...(labels.includes(true) ? [] : ['chosen']), ...(labels.includes(false) ? [] : ['rejected'])];
  return missing.flatMap((kind) => [`rewards/${kind}`, `logps/${kind}`, 'rewards/margins']);
}
