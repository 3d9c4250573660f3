/**
 * Group relative policy optimization (Shao et al. 2024, DeepSeekMath, arXiv:2402.03300, equations 3 and 4).
 * With ratio = pi(token) / pi_old(token), advantage A of the completion and the reference policy ref:
 *
 *   loss = 1/N sum over tokens of -min(ratio A, clip(ratio, 1 - low, 1 + high) A) + beta k3
 *   k3   = ref/pi - log(ref/pi) - 1, an unbiased estimate of KL(pi || ref) that is never negative
 *          (Schulman 2020, http://joschu.net/blog/kl-approx.html)
 *
 * What differs from the paper: by default N counts all tokens of the batch, not first the tokens of each completion
 * (DAPO, arXiv:2503.14476, section 3.3; TRL's `bnpo`), so that a long completion is not let off lightly, and token
 * weights may say otherwise (`tokenWeights`); the two clip bounds may differ (DAPO, section 3.1); the ratio may be that
 * of whole completions, the geometric mean over their tokens (GSPO, Zheng et al. 2025, arXiv:2507.18071, equation 7);
 * the supervision is by outcome only; and completions that a copy of pi_old in fewer bits wrote are corrected for
 * (sampling-correction.ts).
 *
 * All per-token nodes are flat float32 [tokens]; a token that only pads has mask 0.
 */
import { type Node } from '#src/nn/graph.js';
import {
  add,
  and,
  cast,
  clip,
  div,
  exp,
  greater,
  less,
  minimum,
  mul,
  neg,
  or,
  stopGradient,
  sub,
  sum,
} from '#src/nn/ops.js';
import { samplingCorrection, type Sampled } from './sampling-correction.js';
import { sumBySequence, toTokens } from './sequences.js';

/** Whether the ratio is that of a token or of its completion. */
export const importanceLevels = ['token', 'sequence'] as const;
export type ImportanceLevel = (typeof importanceLevels)[number];

export interface GrpoInputs {
  /** log pi of each completion token under the weights in training. */
  logProbs: Node;
  /** The same under the weights that wrote the completions; left out when these are the weights in training. */
  oldLogProbs?: Node;
  /** The same under the reference policy; left out when beta is 0. */
  refLogProbs?: Node;
  /** Each token carries the advantage of its completion. */
  advantages: Node;
  /** 1 for tokens of the loss, 0 for padding. */
  mask: Node;
  /** Scalar: N of the whole optimizer step, so that the losses of micro-batches add up to that of the batch. */
  tokens: Node;
  /** Weight of each token in the loss, 0 for padding; default mask / tokens. */
  weights?: Node;
  /** Of the quantized copy that sampled, if there was one. */
  sampled?: Sampled;
  /** For ratios of whole completions. */
  completions?: {
    /** Which completion a token belongs to, int64 [tokens]. */
    sequence: Node;
    /** Tokens in the loss of each completion, at least 1, float32 [completions]. */
    lengths: Node;
  };
}

export interface GrpoOptions {
  beta: number;
  clipLow: number;
  clipHigh: number;
}

/** Scalars; loss aside, each is a sum over the tokens given, divided by `tokens`. */
export interface GrpoLoss {
  loss: Node;
  /** Mean k3; absent without a reference. */
  kl?: Node;
  /** Share of tokens whose gradient is clipped, below and above. */
  clipLowShare: Node;
  clipHighShare: Node;
  clipShare: Node;
  /** If a quantized copy sampled: mean weight of its tokens, and mean |log pi_old - log mu|. */
  samplingWeight?: Node;
  samplingGap?: Node;
}

export function grpoLoss(inputs: GrpoInputs, { beta, clipLow, clipHigh }: GrpoOptions): GrpoLoss {
  const { logProbs, refLogProbs, advantages, mask, tokens, weights, completions, sampled } = inputs;
  const old = inputs.oldLogProbs ?? stopGradient(logProbs); // then the ratio is 1 and only its gradient matters
  const average = (perToken: Node): Node => div(sum(mul(perToken, mask)), tokens);
  const total = (perToken: Node): Node => (weights ? sum(mul(perToken, weights)) : average(perToken));
  const logRatio = sub(logProbs, old); // [tokens]
  const ratio = exp(completions ? meanLogRatio(logRatio, mask, completions) : logRatio); // [tokens]
  const clipped = clip(ratio, 1 - clipLow, 1 + clipHigh);
  const correction = sampled && samplingCorrection(old, sampled);
  const plain = neg(minimum(mul(ratio, advantages), mul(clipped, advantages))); // [tokens]
  const surrogate = correction ? mul(plain, correction.weight) : plain;
  const k3 = refLogProbs ? klEstimate(logProbs, refLogProbs) : undefined;
  const low = and(less(ratio, 1 - clipLow), less(advantages, 0));
  const high = and(greater(ratio, 1 + clipHigh), greater(advantages, 0));
  const share = (held: Node): Node => average(cast(held, 'float32'));
  return {
    loss: total(k3 && beta !== 0 ? add(surrogate, mul(k3, beta)) : surrogate),
    ...(k3 && { kl: average(k3) }),
    clipLowShare: share(low),
    clipHighShare: share(high),
    clipShare: share(or(low, high)),
    ...(correction && { samplingWeight: average(correction.weight), samplingGap: average(correction.gap) }),
  };
}

/** Each token has the mean of its completion. */
function meanLogRatio(logRatio: Node, mask: Node, { sequence, lengths }: NonNullable<GrpoInputs['completions']>): Node {
  const sums = sumBySequence(mul(logRatio, mask), sequence, lengths.shape[0]); // [completions]
  return toTokens(div(sums, lengths), sequence);
}

/** k3 per token, >= 0. */
function klEstimate(logProbs: Node, refLogProbs: Node): Node {
  const difference = sub(refLogProbs, logProbs);
  return sub(sub(exp(difference), difference), 1);
}
