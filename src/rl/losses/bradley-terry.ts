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
import type { Node } from '#src/nn/graph.js';
import { add, div, mul, neg, softplus, square, sub, sum } from '#src/nn/ops.js';

/** One entry per pair, all float32 [pairs]. */
export interface PairRewards {
  chosen: Node;
  rejected: Node;
  /** Weight of a pair; 0 for padding. */
  weights: Node;
}

/** Pairs without a preference. */
interface Ties {
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

/**
 * What a pair teaches between which people saw no difference. d is the difference of the rewards, float32 [pairs].
 *
 *   half        loss = -1/2 log sigmoid(d) - 1/2 log sigmoid(-d)
 *               A tie is half a win for either side, as Chatbot Arena counts it (Chiang et al. 2024, arXiv:2403.04132).
 *               Soft labels: the target of the pair is 0.5 instead of 1.
 *   rao_kupper  P(first) = sigmoid(d - t),  P(tie) = (e^(2t) - 1) sigmoid(d - t) sigmoid(-d - t),  t > 0
 *               Rao & Kupper 1967 (JASA 62, "Ties in paired-comparison experiments"), used for reward models by Liu et al.
 *               2024 (arXiv:2410.05328). Differences within about t are no difference; the three probabilities add to 1.
 *
 * Both pull the rewards of a tied pair together; `rao_kupper` also asks preferred pairs to be further apart by t. What
 * differs from the papers: t is given, not learnt.
 */
export type TieModel = { kind: 'half' } | { kind: 'rao_kupper'; threshold: number };

/** -log of the likelihood of a tie at difference `distance`, [pairs]. */
export function tiedLoss(distance: Node, model: TieModel): Node {
  if (model.kind === 'half') return mul(add(softplus(neg(distance)), softplus(distance)), 0.5);
  const { threshold } = model;
  const bothNear = add(softplus(sub(threshold, distance)), softplus(add(distance, threshold)));
  return sub(bothNear, Math.log(Math.expm1(2 * threshold)));
}

/** Loss of each pair by what it is. */
export function mixTies(decided: Node, tied: Node, isTied: Node): Node {
  return add(mul(decided, sub(1, isTied)), mul(tied, isTied));
}
