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
import { type Node } from '#src/nn/graph.js';
import { add, mul, neg, softplus, sub } from '#src/nn/ops.js';

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
