/**
 * Supervised fine-tuning: cross-entropy of the completion tokens given what comes before them (Radford et al. 2018;
 * for answers to prompts Ouyang et al. 2022, InstructGPT, arXiv:2203.02155, section 3.5):
 *
 *   loss = -1/N sum over completion tokens of log pi(token | prompt, tokens before)
 *
 * The prompt is read but not learned. N counts the tokens of the whole optimizer step and not first those of each
 * completion, so that every token weighs the same (TRL's `nll`); one long completion therefore outweighs a short one.
 *
 * All per-token nodes are flat float32 [tokens]; a token that only pads has mask 0.
 */
import { type Node } from '#src/nn/graph.js';
import { cast, div, gatherElements, less, max, mul, neg, not, reshape, sum } from '#src/nn/ops.js';

export interface SftInputs {
  /** log pi of each completion token. */
  logProbs: Node;
  /** 1 for tokens of the loss, 0 for padding. */
  mask: Node;
  /** Scalar: N of the whole optimizer step, so that the losses of micro-batches add up to that of the batch. */
  tokens: Node;
}

/** Nats per token, a scalar. */
export function sftLoss({ logProbs, mask, tokens }: SftInputs): Node {
  return neg(div(sum(mul(logProbs, mask)), tokens));
}

/**
 * 1 if the token of the data is the most likely one, else 0: [tokens] of logits [tokens, vocab] and targets int64
 * [tokens]. Equally likely tokens all count as most likely.
 */
export function isLikeliest(logits: Node, targets: Node): Node {
  const own = reshape(gatherElements(logits, reshape(targets, [-1, 1]), 1), [-1]); // [tokens]
  return cast(not(less(own, max(logits, -1))), 'float32');
}
