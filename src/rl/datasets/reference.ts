/** Log-probabilities of recorded completions under the starting policy: computed once, before the first step. */
import { setImmediate as turn } from 'node:timers/promises';
import { type TrunkStates } from '#src/lm/lora/trunk-states.js';
import { floats } from '#src/nn/tensor.js';
import { fed, packCompletions, tokenParts, type CompletionBatch, type CompletionGroup } from '../batch/completion-batch.js';
import { TokenLogProbs } from '../policy/token-log-probs.js';
import { type DatasetTask } from './dataset-trainer.js';

export interface KnownGroup {
  /** Log-probability of each completion under the reference. */
  refLogProbs: number[];
}

/** The least that the reference computes at once. */
export const referenceTokens = 4096;

/** Groups with what the reference, the policy as it was before training, gives each completion. */
export async function withReference<G extends CompletionGroup>(
  { checkpoint, hyperparameters, threads, signal }: Pick<DatasetTask, 'checkpoint' | 'hyperparameters' | 'threads' | 'signal'>,
  groups: readonly G[],
  cost: number,
  trunk: TrunkStates | undefined,
): Promise<(G & KnownGroup)[]> {
  // Below the trained layers the reference and the policy are the same.
  const reference = new TokenLogProbs({ ...checkpoint, trainedLayers: hyperparameters.trainedLayers }, 1, threads);
  const sums: number[] = [];
  try {
    for (const part of tokenParts(groups, hyperparameters.microBatchTokens ?? referenceTokens)) {
      signal?.throwIfAborted();
      const batch = packCompletions(part, cost);
      const logProbs = floats(await reference.of({ ...batch, feeds: await fed(batch, trunk) }));
      sums.push(...sumCompletions(logProbs, batch));
      await turn();
    }
  } finally {
    await reference.dispose();
  }
  let next = 0;
  return groups.map((group) => ({ ...group, refLogProbs: sums.slice(next, (next += group.completions.length)) }));
}

export function sumCompletions(logProbs: Float32Array, { lengths }: CompletionBatch): number[] {
  let slot = 0;
  return lengths.map((length) => logProbs.subarray(slot, (slot += length)).reduce((total, value) => total + value, 0));
}
