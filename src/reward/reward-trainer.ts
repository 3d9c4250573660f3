/**
 * Training of a reward model: a policy's trunk with a reward head, by the losses of this folder. Pure: texts in,
 * checkpoint out; the same inputs and seed give the same bits, whatever the machine's thread count.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { type Checkpoint } from '#src/lm/checkpoint.js';
import { attentionCost } from '#src/lm/packing.js';
import { Tokenizer } from '#src/lm/tokenizer.js';
import { learningRate, type Schedule } from '#src/nn/optim/schedule.js';
import { planEpoch } from './batch-plan.js';
import { type RewardHyperparameters } from './hyperparameters.js';
import { collateParts, type EncodedGroup } from './preference-batch.js';
import { splitLargeGroups, type PreferenceGroup } from './preference-groups.js';
import { RewardTextEncoder } from './reward-text.js';
import { RewardWeights } from './reward-weights.js';

/** Names as TRL's RewardTrainer reports them. */
export type RewardMetrics = Record<
  'loss' | 'accuracy' | 'margin' | 'mean_reward' | 'min_reward' | 'max_reward' | 'grad_norm' | 'learning_rate',
  number
>;

export interface RewardStep {
  /** Counts from 1. */
  step: number;
  totalSteps: number;
  /** Of the batch, with the weights as they were before the step. */
  metrics: RewardMetrics;
  pairs: number;
  /** Without padding. */
  tokens: number;
}

export interface RewardTraining {
  /** The policy to start from. */
  checkpoint: Checkpoint;
  groups: readonly PreferenceGroup[];
  hyperparameters: RewardHyperparameters;
  onStep?: (step: RewardStep) => void | Promise<void>;
  signal?: AbortSignal;
  /** Of ONNX Runtime; its own choice when left out. */
  threads?: number;
}

export interface TrainedReward {
  /** LlamaForSequenceClassification with one label; low-rank factors are merged. */
  checkpoint: Checkpoint;
  steps: number;
  pairs: number;
  /** Texts that were longer than `maxTokens`. */
  truncatedTexts: number;
}

/** The loss stopped being a number: the learning rate is too high, or the inputs are broken. */
export class TrainingDivergedError extends Error {
  override name = 'TrainingDivergedError';
}

/**
 * Yields to the event loop after every step; rejects with the signal's reason when aborted.
 *
 * @throws RangeError without pairs
 * @throws TrainingDivergedError
 */
export async function trainRewardModel(training: RewardTraining): Promise<TrainedReward> {
  const { checkpoint, hyperparameters, signal } = training;
  const { groups, truncatedTexts } = encodeGroups(training);
  const plan = planBatches(groups, hyperparameters);
  const schedule = scheduleOf(hyperparameters, plan.length);
  const packing = { padId: checkpoint.config.padTokenId ?? 0, attentionCost: attentionCost(checkpoint.config) };
  const weights = new RewardWeights(checkpoint, hyperparameters, training.threads);
  try {
    for (const [index, members] of plan.entries()) {
      signal?.throwIfAborted();
      const batches = collateParts(members.map((g) => groups[g]), packing, hyperparameters.microBatchTokens);
      const rate = learningRate(schedule, index);
      const { loss, metrics, gradNorm } = await weights.step(batches, rate);
      if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
        throw new TrainingDivergedError(`the loss of step ${index + 1} is ${loss}, the gradient norm ${gradNorm}`);
      }
      await training.onStep?.({
        step: index + 1,
        totalSteps: plan.length,
        metrics: { loss, ...metrics, grad_norm: gradNorm, learning_rate: rate },
        pairs: batches.reduce((total, { pairCount }) => total + pairCount, 0),
        tokens: batches.reduce((total, { tokens }) => total + tokens, 0),
      });
      await turn();
    }
    const pairs = groups.reduce((total, group) => total + group.pairs.length, 0);
    return { checkpoint: weights.checkpoint(), steps: plan.length, pairs, truncatedTexts };
  } finally {
    await weights.dispose();
  }
}

/** @throws RangeError without pairs */
export function encodeGroups({ checkpoint, groups, hyperparameters }: GroupsToEncode): { groups: EncodedGroup[]; truncatedTexts: number } {
  const { batchSize, maxTokens } = hyperparameters;
  const longest = Math.min(maxTokens, checkpoint.config.maxPositionEmbeddings);
  const encoder = new RewardTextEncoder(Tokenizer.fromFiles(checkpoint.tokenizer), longest);
  const encoded = splitLargeGroups(groups, batchSize)
    .filter((group) => group.pairs.length > 0)
    .map(({ prompt, completions, pairs }) => ({
      texts: completions.map((completion) => encoder.encode({ prompt, completion })),
      pairs,
    }));
  if (encoded.length === 0) throw new RangeError('there are no pairs to train on');
  return { groups: encoded, truncatedTexts: encoder.truncations };
}

interface GroupsToEncode extends Pick<RewardTraining, 'groups' | 'hyperparameters'> {
  checkpoint: Pick<Checkpoint, 'config' | 'tokenizer'>;
}

/** Group indices of every step of the run. */
function planBatches(groups: readonly EncodedGroup[], { epochs, maxSteps, batchSize, seed }: RewardHyperparameters): number[][] {
  const sizes = groups.map(({ texts }) => ({
    completions: texts.length,
    tokens: Math.max(...texts.map(({ prompt, completion }) => prompt.length + completion.length)),
  }));
  const limit = maxSteps ?? Infinity;
  const plan: number[][] = [];
  for (let epoch = 0; epoch < epochs && plan.length < limit; epoch++) {
    plan.push(...planEpoch(sizes, batchSize, seed, epoch));
  }
  return plan.slice(0, limit);
}

function scheduleOf({ schedule: kind, learningRate: peak, warmupRatio }: RewardHyperparameters, totalSteps: number): Schedule {
  return { kind, peak, warmupSteps: Math.ceil(warmupRatio * totalSteps), totalSteps };
}
