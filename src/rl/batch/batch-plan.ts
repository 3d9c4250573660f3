/**
 * Which groups go into which batch. All completions of a prompt are read together and their rewards serve all their
 * pairs (InstructGPT, section 3.5: K completions, K (K - 1) / 2 pairs, one forward pass). Groups of similar length
 * share a batch, so little of it is padding.
 */
import { Rng } from '#src/common/rng.js';

export interface GroupSize {
  completions: number;
  /** Tokens of the longest completion with its prompt. */
  tokens: number;
}

/** Groups are sorted by length within pools of this many batches: order stays random, padding small. */
const poolBatches = 16;

/**
 * The batches of one epoch as lists of group indices: every group once, at most `maxCompletions` completions per
 * batch (a larger group is a batch of its own). The same seed and epoch give the same batches.
 */
export function planEpoch(groups: readonly GroupSize[], maxCompletions: number, seed: string | number, epoch: number): number[][] {
  const rng = Rng.from(seed).fork(`epoch ${epoch}`);
  const order = rng.shuffle(groups.map((_, index) => index));
  const pools = cutParts(order, (index) => groups[index].completions, maxCompletions * poolBatches);
  const batches = pools.flatMap((pool) => {
    const sorted = [...pool].sort((a, b) => groups[a].tokens - groups[b].tokens);
    return cutParts(sorted, (index) => groups[index].completions, maxCompletions);
  });
  return rng.shuffle(batches);
}

/** Steps that so many epochs take, or a few more or less: each cuts an order of its own. */
export function countSteps(
  groups: readonly GroupSize[],
  { batchSize, epochs, maxSteps, seed }: { batchSize: number; epochs: number; maxSteps: number | null; seed: number },
): number {
  return Math.min(maxSteps ?? Infinity, epochs * planEpoch(groups, batchSize, seed, 0).length);
}

/** Consecutive runs whose sizes add up to at most `limit`, each of at least one item; null: one run. */
export function cutParts<T>(items: readonly T[], sizeOf: (item: T) => number, limit: number | null): T[][] {
  const runs: T[][] = [];
  let room = 0;
  for (const item of items) {
    const size = sizeOf(item);
    if (size > room || runs.length === 0) {
      runs.push([]);
      room = limit ?? Infinity;
    }
    runs[runs.length - 1].push(item);
    room -= size;
  }
  return runs;
}
