/** Which groups every step of a run learns from: a function of sizes and seed alone, so that a resumed run needs no state. */
import { planEpoch } from '../batch/batch-plan.js';
import { type CompletionGroup } from '../batch/completion-batch.js';
import { type DatasetHyperparameters } from '../methods/dataset-hyperparameters.js';

export interface PlannedStep {
  /** Indices of groups. */
  members: number[];
  /** The last one of a pass over the data, or of the run. */
  endsPass: boolean;
}

/** Every epoch goes over all groups in a new seeded order, those of similar length together. */
export function planSteps(
  groups: readonly CompletionGroup[],
  { epochs, maxSteps, batchSize, seed }: Pick<DatasetHyperparameters, 'epochs' | 'maxSteps' | 'batchSize' | 'seed'>,
): PlannedStep[] {
  const sizes = groups.map(({ promptIds, completions }) => ({
    completions: completions.length,
    tokens: promptIds.length + Math.max(...completions.map(({ tokenIds }) => tokenIds.length)),
  }));
  const limit = maxSteps ?? Infinity;
  const plan: PlannedStep[] = [];
  for (let epoch = 0; epoch < epochs && plan.length < limit; epoch++) {
    const batches = planEpoch(sizes, batchSize, seed, epoch);
    plan.push(...batches.map((members, i) => ({ members, endsPass: i === batches.length - 1 })));
  }
  const kept = plan.slice(0, limit);
  return kept.map((step, i) => (i === kept.length - 1 ? { ...step, endsPass: true } : step));
}
