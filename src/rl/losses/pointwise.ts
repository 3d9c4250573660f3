/**
 * The reward model as a plain binary classifier: binary cross-entropy with label 1 for the preferred and 0 for the
 * non-preferred completion of each pair (the verifier of Cobbe et al. 2021, arXiv:2110.14168, without its language
 * modelling term).
 *
 *   loss = sum_p w_p (-log sigmoid(r_c) - log(1 - sigmoid(r_r))) / (2 sum_p w_p)
 *
 * The reward is the logit of "people prefer this one". Against Bradley-Terry each completion is judged on its own, so
 * a reward can be read as a probability; but a completion that wins against bad ones and loses against good ones
 * carries both labels, and the loss cannot fall to zero. Both sides of a tie have the label 1/2.
 */
import { type Node } from '#src/nn/graph.js';
import { add, mul, neg, softplus, square } from '#src/nn/ops.js';
import { weightedMean, type PairRewards, mixTies } from './bradley-terry.js';

export interface PointwiseOptions {
  /** Coefficient of (r_c + r_r)^2, as in the pairwise loss; 0 is none. */
  centering?: number;
  /** Probability in [0, 0.5) that a label is wrong; 0 is none. */
  labelSmoothing?: number;
  /** float32 [pairs]: 1 for a tie; no pair is one when left out. */
  tied?: Node;
}

/** Scalar loss over float32 [pairs]. */
export function pointwiseLoss(
  { chosen, rejected, weights }: PairRewards,
  { centering = 0, labelSmoothing = 0, tied }: PointwiseOptions = {},
): Node {
  const both = (label: number): Node => mul(add(crossEntropy(chosen, label), crossEntropy(rejected, 1 - label)), 0.5); // [pairs]
  const decided = both(1 - labelSmoothing);
  const lost = tied ? mixTies(decided, both(0.5), tied) : decided;
  return weightedMean(centering === 0 ? lost : add(lost, mul(square(add(chosen, rejected)), centering)), weights);
}

/** -label log sigmoid(x) - (1 - label) log(1 - sigmoid(x)), without overflow. */
function crossEntropy(logit: Node, label: number): Node {
  const positive = softplus(neg(logit));
  const negative = softplus(logit);
  if (label === 1) return positive;
  if (label === 0) return negative;
  return add(mul(positive, label), mul(negative, 1 - label));
}
