/** Completions with PPO's figures per token, and their mini-batches as feeds of both models. */
import { Rng } from '#src/common/rng.js';
import { type Tensor } from '#src/nn/tensor.js';
import { bySlot } from '../batch/completion-batch.js';
import { packParts, type RolloutGroup } from '../batch/group-batch.js';

/** Each [tokens]. */
export interface TokenFacts {
  logProbs: ArrayLike<number>;
  values: ArrayLike<number>;
  advantages: ArrayLike<number>;
  returns: ArrayLike<number>;
}

export interface PpoGroup extends RolloutGroup {
  /** By completion. */
  facts: readonly TokenFacts[];
}

export interface MiniBatch {
  policy: Part[];
  value: Part[];
}

interface Part {
  feeds: Record<string, Tensor>;
  weight: number;
}

/**
 * The groups in a seeded random order, in `count` parts as even as whole groups allow; a group shares its prompt and stays
 * together. Fewer parts where there are fewer groups.
 */
export function shuffledParts<G>(groups: readonly G[], count: number, seed: string): G[][] {
  const order = Rng.from(seed).shuffle(groups.map((_, g) => g));
  const parts = Math.min(count, groups.length);
  return Array.from({ length: parts }, (_, p) =>
    order.slice(Math.floor((p * groups.length) / parts), Math.floor(((p + 1) * groups.length) / parts)).map((g) => groups[g]),
  );
}

/** Weights are 1 over the tokens in the loss of the whole mini-batch, so that losses of its parts add up. */
export function miniBatch(groups: readonly PpoGroup[], maxTokens: number | null, attentionCost: number): MiniBatch {
  const facts = groups.flatMap((group) => group.facts);
  const batches = packParts(groups, maxTokens, attentionCost);
  let first = 0;
  const parts = batches.map((batch) => {
    const own = facts.slice(first, (first += batch.lengths.length));
    const slots = (of: (token: TokenFacts) => ArrayLike<number>): Tensor => bySlot(own.map(of), batch);
    // `packParts` gives every token in the loss the same weight.
    const { feeds } = batch;
    const policy = { ...feeds, oldLogProbs: slots(({ logProbs }) => logProbs), advantages: slots(({ advantages }) => advantages) };
    const value = { ...feeds, oldValues: slots(({ values }) => values), returns: slots(({ returns }) => returns) };
    return { policy, value };
  });
  return {
    policy: parts.map(({ policy }) => ({ feeds: policy, weight: 1 })),
    value: parts.map(({ value }) => ({ feeds: value, weight: 1 })),
  };
}
