/** Log-probabilities of recorded completions under two policies, by completion, and their distance. */
import { setImmediate as turn } from 'node:timers/promises';
import { floats, type Tensor } from '#src/nn/tensor.js';
import { packParts, type RolloutGroup } from '../batch/group-batch.js';
import { type TokenLogProbs } from './token-log-probs.js';

export interface CompletionLogProbs {
  /** By completion, group after group: log-probabilities of its tokens. */
  own: Float32Array[];
  ref: Float32Array[];
}

/** @param microBatchTokens computed at once; null is all */
export async function completionLogProbs(
  groups: readonly RolloutGroup[],
  policies: { current: TokenLogProbs; reference: TokenLogProbs },
  { attentionCost, microBatchTokens }: { attentionCost: number; microBatchTokens: number | null },
): Promise<CompletionLogProbs> {
  const found: CompletionLogProbs = { own: [], ref: [] };
  const completions = groups.flatMap((group) => group.completions);
  for (const batch of packParts(groups, microBatchTokens, attentionCost)) {
    const part = completions.slice(found.own.length, found.own.length + batch.lengths.length);
    const lengths = part.map(({ tokenIds }) => tokenIds.length);
    const [own, ref] = [await policies.current.of(batch), await policies.reference.of(batch)];
    found.own.push(...byCompletion(own, lengths));
    found.ref.push(...byCompletion(ref, lengths));
    await turn();
  }
  return found;
}

/** The opposite of `bySlot`: cuts the slots of a batch, in which completions lie one after the other. Copies. */
export function byCompletion(slots: Tensor, lengths: readonly number[]): Float32Array[] {
  const values = floats(slots);
  let at = 0;
  return lengths.map((length) => values.slice(at, (at += length)));
}

/**
 * KL(policy || reference) in nats per token, by Schulman's k3, which is never negative; tokens of masked completions
 * count too, since they are what the policy writes.
 */
export function meanKl({ own, ref }: CompletionLogProbs): number {
  let [total, tokens] = [0, 0];
  own.forEach((values, c) =>
    values.forEach((value, t) => {
      const logRatio = ref[c][t] - value;
      total += Math.expm1(logRatio) - logRatio;
      tokens++;
    }),
  );
  return total / Math.max(1, tokens);
}

/** Sum over the tokens of each completion of log pi - log ref. */
export function logRatioSums({ own, ref }: CompletionLogProbs): number[] {
  return own.map((values, c) => values.reduce((total, value, t) => total + value - ref[c][t], 0));
}
