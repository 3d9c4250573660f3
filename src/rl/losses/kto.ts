/**
 * Kahneman-Tversky optimization (Ethayarajh et al. 2024, arXiv:2402.01306, equation 8): each completion is judged alone, as
 * desirable or not, against a reference point z. With log pi of a completion the sum over its tokens:
 *
 *   r = log pi - log ref
 *   z = max(0, mean of r over prompts with the completions of other prompts)      an estimate of KL(pi || ref), without a gradient
 *   desirable:    wD (1 - sigmoid(beta (r - z)))
 *   undesirable:  wU (1 - sigmoid(beta (z - r)))
 *
 * averaged over completions. What is far beyond z on either side has next to no gradient, so that a wrong label does little harm.
 *
 * What differs from the paper: z is that of the optimizer step's own prompts and completions, as in TRL, where the paper lets it
 * be of another sample.
 */
import { type Node } from '#src/nn/graph.js';
import { mul, sigmoid, sub, sum } from '#src/nn/ops.js';

/** float32 [completions] but for `kl`. Shares add up to 1 over the whole optimizer step, and are 0 for what only pads. */
export interface KtoInputs {
  /** log pi of each completion under the weights in training. */
  logProbs: Node;
  /** The same under the reference policy. */
  refLogProbs: Node;
  /** 1 for desirable completions, -1 for undesirable ones. */
  sign: Node;
  /** Weight of a completion in the loss: wD or wU over the completions of the step. */
  weights: Node;
  /** 1 over the desirable, or over the undesirable, completions of the step. */
  desirable: Node;
  undesirable: Node;
  /** 1 over the completions of the step. */
  share: Node;
  /** z, a scalar. */
  kl: Node;
}

/** Scalars. Rewards are beta r: means over the desirable and over the undesirable completions. */
export interface KtoLoss {
  loss: Node;
  desirableRewards: Node;
  undesirableRewards: Node;
  desirableLogProbs: Node;
  undesirableLogProbs: Node;
  /** z. */
  kl: Node;
}

export function ktoLoss({ logProbs, refLogProbs, sign, weights, desirable, undesirable, share, kl }: KtoInputs, beta: number): KtoLoss {
  const total = (values: Node, over: Node): Node => sum(mul(values, over));
  const rewards = mul(sub(logProbs, refLogProbs), beta); // [completions]
  const distance = mul(sign, sub(mul(kl, beta), rewards)); // [completions]
  return {
    // 1 - sigmoid(x) = sigmoid(-x)
    loss: total(sigmoid(distance), weights),
    desirableRewards: total(rewards, desirable),
    undesirableRewards: total(rewards, undesirable),
    desirableLogProbs: total(logProbs, desirable),
    undesirableLogProbs: total(logProbs, undesirable),
    kl: mul(kl, sum(share)),
  };
}
