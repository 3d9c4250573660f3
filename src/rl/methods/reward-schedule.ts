/** The steps of a training: which groups are in each, and at which rate it learns. */
import { type Schedule } from '#src/nn/optim/schedule.js';
import { planEpoch } from '../batch/batch-plan.js';
import { type RewardHyperparameters } from './reward-hyperparameters.js';
import { type EncodedGroup } from '../batch/preference-batch.js';

/** Group indices of every step. */
export function planBatches(groups: readonly EncodedGroup[], { epochs, maxSteps, batchSize, seed }: RewardHyperparameters): number[][] {
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

export function scheduleOf({ schedule: kind, learningRate: peak, warmupRatio }: RewardHyperparameters, totalSteps: number): Schedule {
  return { kind, peak, warmupSteps: Math.ceil(warmupRatio * totalSteps), totalSteps };
}
