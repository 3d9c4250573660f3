/**
 * The preference loss of Bradley & Terry (1952, Biometrika 39, "Rank analysis of incomplete block designs"), as
 * Ouyang et al. 2022 (InstructGPT, arXiv:2203.02155, equation 1) train reward models with it:
 *
 *   P(chosen is preferred) = sigmoid(r_c - r_r)
 *   loss = sum_p w_p (-log sigmoid(d_p)) / sum_p w_p,   d = r_c - r_r - margin
 *
 * With label smoothing e a pair counts as reversed with probability e: (1 - e) -log sigmoid(d) + e -log sigmoid(-d).
 * Centering adds c (r_c + r_r)^2 (Eisenstein et al. 2023, arXiv:2312.09244), since differences alone leave the mean
 * of the rewards free to drift. The margin is that of Llama 2 (Touvron et al. 2023, arXiv:2307.09288, equation 2).
 * Tied pairs are in tie-losses.ts.
 *
 * What differs from the paper: a pair weighs w_p, 1 unless asked otherwise, where InstructGPT averages over the pairs of
 * a prompt before it averages over prompts (`pairWeights: prompt` does that).
 */
import { type Node } from '#src/nn/graph.js';
import { add, div, mul, neg, softplus, square, sub, sum } from '#src/nn/ops.js';
import { mixTies, tiedLoss, type TieModel } from './tie-losses.js';

/** One entry per pair, all float32 [pairs]. */
export interface PairRewards {
  chosen: Node;
  rejected: Node;
  /** Weight of a pair; 0 for padding. */
  weights: Node;
}

/** Pairs without a preference. */
export interface Ties {
  /** float32 [pairs]: 1 for a tie, 0 for a preference. */
  tied: Node;
  model: TieModel;
}

export interface BradleyTerryOptions {
  /** float32 [pairs]: margin by which the chosen reward must exceed the rejected one; default 0. */
  margin?: Node;
  /** Coefficient c of the centering term; 0 is none. */
  centering?: number;
  /** Probability e in [0, 0.5) that a label is wrong; 0 is none. */
  labelSmoothing?: number;
  /** No pair is tied when left out. */
  ties?: Ties;
}

/** Scalar loss. The gradient with respect to `chosen` is -w sigmoid(-d) / sum(w) without the extras. */
export function bradleyTerryLoss(
  { chosen, rejected, weights }: PairRewards,
  { margin, centering = 0, labelSmoothing = 0, ties }: BradleyTerryOptions = {},
): Node {
  const gap = sub(chosen, rejected); // [pairs]
  const distance = margin ? sub(gap, margin) : gap; // [pairs]
  const threshold = ties?.model.kind === 'rao_kupper' ? ties.model.threshold : 0;
  const won = (d: Node): Node => softplus(neg(threshold === 0 ? d : sub(d, threshold))); // -log P(the first is preferred)
  const decided =
    labelSmoothing === 0 ? won(distance) : add(mul(won(distance), 1 - labelSmoothing), mul(won(neg(distance)), labelSmoothing));
  const lost = ties ? mixTies(decided, tiedLoss(distance, ties.model), ties.tied) : decided;
  const centered = centering === 0 ? lost : add(lost, mul(square(add(chosen, rejected)), centering));
  return weightedMean(centered, weights);
}

/** sum(w x) / sum(w) of float32 [n]. */
export function weightedMean(values: Node, weights: Node): Node {
  return div(sum(mul(values, weights)), sum(weights));
}
