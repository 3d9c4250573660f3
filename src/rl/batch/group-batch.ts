/** Rollouts as the tensors of one training step: completions with what each of their tokens counts in the loss. */
import { f32, scalarTensor, type Tensor } from '#src/nn/tensor.js';
import { bySlot, countTokens, tokenParts, packCompletions, type CompletionBatch, type CompletionTokens } from './completion-batch.js';

/** How tokens are averaged, as TRL calls it: see `tokenWeight`. */
export const tokenAveragings = ['bnpo', 'grpo', 'dr_grpo'] as const;

export type TokenAveraging = (typeof tokenAveragings)[number];

/**
 * What a token of a completion of `length` tokens counts in the loss, in a step of so many tokens and completions:
 * `bnpo` the same for all tokens; `grpo` the paper's, the same for all completions, so that a token of a short one
 * counts more; `dr_grpo` (Liu et al. 2025, arXiv:2503.20783) the same for all tokens in all steps, whatever their number.
 *
 * @param maxTokens longest completion that could have been
 */
export function tokenWeight(
  lossType: TokenAveraging,
  length: number,
  { tokens, completions, maxTokens }: { tokens: number; completions: number; maxTokens: number },
): number {
  if (lossType === 'bnpo') return 1 / tokens;
  return 1 / (completions * (lossType === 'grpo' ? length : maxTokens));
}

interface RolloutCompletion extends CompletionTokens {
  advantage: number;
  /** Log-probabilities of its tokens under the quantized copy that sampled them; omitted if the policy itself sampled. */
  sampledLogProbs?: readonly number[];
}

export interface RolloutGroup {
  promptIds: readonly number[];
  completions: readonly RolloutCompletion[];
}

export interface RolloutBatch extends CompletionBatch {
  feeds: CompletionBatch['feeds'] & {
    /** float32 [slots]: of the token's completion. */
    advantages: Tensor;
    /** float32 [slots]: what a token counts in the loss. */
    weights: Tensor;
    /** float32 []: tokens in the loss, at least 1. */
    tokens: Tensor;
    /** float32 [sequences]: by completion. */
    sequenceAdvantages: Tensor;
    /** float32 [sequences]: one over the number of completions. */
    sequenceWeights: Tensor;
    /** float32 [slots]: under the copy of the policy that wrote, where it was one. */
    sampledLogProbs?: Tensor;
  };
}

export interface LossWeighting {
  lossType: TokenAveraging;
  /** Longest completion that could have been. */
  maxTokens: number;
}

interface Totals {
  tokens: number;
  completions: number;
}

/** Without a policy's own weighting all tokens count the same. */
const evenly: LossWeighting = { lossType: 'bnpo', maxTokens: 1 };

/**
 * A step's groups in parts of at most `maxTokens` tokens, prompts counted once (a larger group is a part of its own).
 * Every part divides by the totals of the whole step, so that losses and gradients of the parts add up.
 *
 * @param all the step's groups, where some of them are not computed and still counted
 */
export function packParts(
  groups: readonly RolloutGroup[],
  maxTokens: number | null,
  attentionCost: number,
  weighting: LossWeighting = evenly,
  all: readonly RolloutGroup[] = groups,
): RolloutBatch[] {
  const parts = tokenParts(groups, maxTokens);
  const batches = parts.map((part) => packCompletions(part, attentionCost));
  const totals = {
    tokens: Math.max(1, countTokens(all.flatMap(({ completions }) => completions.filter(({ masked }) => !masked)))),
    completions: all.reduce((total, { completions }) => total + completions.length, 0),
  };
  return batches.map((batch, p) => withAdvantages(batch, parts[p], totals, weighting));
}

/** One part that is a whole step. Throws RangeError for a prompt or completion without tokens. */
export function packGroups(groups: readonly RolloutGroup[], attentionCost = 0): RolloutBatch {
  return packParts(groups, null, attentionCost)[0];
}

function withAdvantages(
  batch: CompletionBatch,
  groups: readonly RolloutGroup[],
  totals: Totals,
  { lossType, maxTokens }: LossWeighting,
): RolloutBatch {
  const { slots, sequences, feeds } = batch;
  const completions = groups.flatMap((group) => group.completions);
  const bySequence = (value: (completion: RolloutCompletion, index: number) => number): Float32Array =>
    Float32Array.from({ length: sequences }, (_, s) => (s < completions.length ? value(completions[s], s) : 0));
  const advantages = bySequence(({ advantage }) => advantage);
  const counts = { ...totals, maxTokens };
  const weights = bySequence(({ masked }, s) => (masked ? 0 : tokenWeight(lossType, batch.lengths[s], counts)));
  const written = completions.flatMap(({ sampledLogProbs }) => (sampledLogProbs ? [sampledLogProbs] : []));
  const byToken = (values: Float32Array): Tensor => f32(spread(values, completions, slots), [slots]);
  return {
    ...batch,
    feeds: {
      ...feeds,
      advantages: byToken(advantages),
      weights: byToken(weights),
      tokens: scalarTensor(totals.tokens),
      sequenceAdvantages: f32(advantages, [sequences]),
      sequenceWeights: f32(bySequence(() => 1 / totals.completions), [sequences]),
      ...(written.length > 0 && { sampledLogProbs: bySlot(written, batch) }),
    },
  };
}

/** The value of its completion for each token, 0 for padding. */
function spread(values: Float32Array, completions: readonly RolloutCompletion[], slots: number): Float32Array {
  const spread = new Float32Array(slots);
  let slot = 0;
  completions.forEach(({ tokenIds }, s) => {
    spread.fill(values[s], slot, slot + tokenIds.length);
    slot += tokenIds.length;
  });
  return spread;
}
