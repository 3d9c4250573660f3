/**
 * The preference loss of Bradley & Terry (1952, Biometrika 39, "Rank analysis of incomplete block designs"), as
 * Ouyang et al. 2022 (InstructGPT, arXiv:2203.02155, equation 1) train reward models with it:
 *
 *   P(chosen is preferred) = sigmoid(r_c - r_r)
 *   loss = sum_p w_p (-log sigmoid(r_c - r_r - margin)) / sum_p w_p
 *
 * With label smoothing e a pair counts as reversed with probability e: (1 - e) -log sigmoid(d) + e -log sigmoid(-d).
 * Centering adds c (r_c + r_r)^2 (Eisenstein et al. 2023, arXiv:2312.09244), since differences alone leave the mean
 * of the rewards free to drift. The margin is that of Llama 2 (Touvron et al. 2023, arXiv:2307.09288, equation 2).
 *
 * What differs from the paper: every pair of a batch weighs the same, where InstructGPT first averages over the
 * pairs of a prompt, so that a prompt with many ratings counts for as much as it was rated.
 */
import { type Node } from '#src/nn/graph.js';
import { add, div, mul, neg, softplus, square, sub, sum } from '#src/nn/ops.js';

/** One entry per pair, all float32 [pairs]. */
export interface PairRewards {
  chosen: Node;
  rejected: Node;
  /** 1 for a pair, 0 for one that only pads. */
  weights: Node;
}

export interface BradleyTerryOptions {
  /** float32 [pairs]: how far apart the rewards should be before a pair is content; 0 when left out. */
  margin?: Node;
  /** Coefficient c of the centering term; 0 is none. */
  centering?: number;
  /** Probability e in [0, 0.5) that a label is wrong; 0 is none. */
  labelSmoothing?: number;
}

/** Scalar loss. The gradient with respect to `chosen` is -w sigmoid(margin - d) / sum(w) without the extras. */
export function bradleyTerryLoss(
  { chosen, rejected, weights }: PairRewards,
  { margin, centering = 0, labelSmoothing = 0 }: BradleyTerryOptions = {},
): Node {
  const gap = sub(chosen, rejected); // [pairs]
  const distance = margin ? sub(gap, margin) : gap; // [pairs]
  const lost = softplus(neg(distance)); // -log sigmoid(distance)
  const smoothed =
    labelSmoothing === 0 ? lost : add(mul(lost, 1 - labelSmoothing), mul(softplus(distance), labelSmoothing));
  const centered = centering === 0 ? smoothed : add(smoothed, mul(square(add(chosen, rejected)), centering));
  return weightedMean(centered, weights);
}

/** sum(w x) / sum(w) of float32 [n]. */
export function weightedMean(values: Node, weights: Node): Node {
  return div(sum(mul(values, weights)), sum(weights));
}
