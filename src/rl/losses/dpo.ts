/**
 * Direct preference optimization (Rafailov et al. 2023, arXiv:2305.18290, equation 7). With log pi of a completion the
 * sum over its tokens, and the same under the frozen reference policy ref:
 *
 *   r(x) = beta (log pi(x) - log ref(x)),  margin = r(chosen) - r(rejected)
 *   sigmoid: -(1 - e) log sigmoid(margin) - e log sigmoid(-margin)
 *   hinge:   max(0, 1 - margin)                                    (SLiC, Zhao et al. 2023, arXiv:2305.10425)
 *   ipo:     (h(chosen) - h(rejected) - 1 / (2 beta))^2 with h the mean of log pi - log ref over the tokens
 *            (Azar et al. 2023, arXiv:2310.12036, equation 17)
 *
 * averaged over pairs. `e` is the probability that a label is wrong (conservative DPO, Mitchell 2023,
 * https://ericmitchell.ai/cdpo.pdf); 0 is the paper's loss, and the other two losses have no use for it.
 *
 * What differs from the papers: IPO takes means over tokens where equation 17 has the whole completion's difference, as
 * its authors did in their experiments and TRL does, since otherwise the target 1 / (2 beta) would depend on lengths.
 * `beta` of IPO is the paper's tau.
 *
 * Completions are in a list [completions]; pairs are two indices into it, so that a completion that is part of several
 * pairs is computed once.
 */
import { type Node } from '#src/nn/graph.js';
import { add, cast, div, gather, greater, logSigmoid, mul, neg, relu, square, sub, sum } from '#src/nn/ops.js';

export const dpoLossTypes = ['sigmoid', 'ipo', 'hinge'] as const;
export type DpoLossType = (typeof dpoLossTypes)[number];

export interface DpoInputs {
  /** log pi of each completion under the weights in training, float32 [completions]. */
  logProbs: Node;
  /** The same under the reference policy. */
  refLogProbs: Node;
  /** Tokens of each completion, at least 1, float32 [completions]. */
  lengths: Node;
  /** int64 [pairs] */
  chosen: Node;
  /** int64 [pairs] */
  rejected: Node;
  /** float32 [pairs]: 1 over the pairs of the whole optimizer step, 0 for a pair that only pads. */
  weights: Node;
}

export interface DpoOptions {
  lossType: DpoLossType;
  beta: number;
  labelSmoothing: number;
}

/** Scalars, means over pairs; rewards are r above for every loss. */
export interface DpoLoss {
  loss: Node;
  chosenRewards: Node;
  rejectedRewards: Node;
  margins: Node;
  /** Share of pairs whose chosen completion has the higher reward; a tie is wrong. */
  accuracies: Node;
  chosenLogProbs: Node;
  rejectedLogProbs: Node;
}

export function dpoLoss(inputs: DpoInputs, { lossType, beta, labelSmoothing }: DpoOptions): DpoLoss {
  const { logProbs, lengths, weights } = inputs;
  const logRatios = sub(logProbs, inputs.refLogProbs); // [completions]
  const chosen = (values: Node): Node => gather(values, inputs.chosen, 0); // [pairs]
  const rejected = (values: Node): Node => gather(values, inputs.rejected, 0); // [pairs]
  const average = (perPair: Node): Node => sum(mul(perPair, weights));
  const difference = (values: Node): Node => sub(chosen(values), rejected(values)); // [pairs]
  const rewards = mul(logRatios, beta); // [completions]
  const margin = difference(rewards); // [pairs]
  const perPair = {
    sigmoid: () => smoothedSigmoid(margin, labelSmoothing),
    hinge: () => relu(sub(1, margin)),
    ipo: () => square(sub(difference(div(logRatios, lengths)), 1 / (2 * beta))),
  }[lossType]();
  return {
    loss: average(perPair),
    chosenRewards: average(chosen(rewards)),
    rejectedRewards: average(rejected(rewards)),
    margins: average(margin),
    accuracies: average(cast(greater(margin, 0), 'float32')),
    chosenLogProbs: average(chosen(logProbs)),
    rejectedLogProbs: average(rejected(logProbs)),
  };
}

function smoothedSigmoid(margin: Node, smoothing: number): Node {
  const right = neg(logSigmoid(margin));
  if (smoothing === 0) return right;
  return add(mul(right, 1 - smoothing), mul(neg(logSigmoid(neg(margin))), smoothing));
}
