/**
 * Truncated importance sampling, for completions that a copy of the policy in fewer bits wrote (Ionides 2008; for language
 * models Yao et al. 2025, "Your efficient RL framework secretly brings you off-policy RL training", and TRL's
 * `vllm_importance_sampling_correction`). With pi_old the policy as it was at the start of the step, in full, and mu the copy that wrote:
 *
 *   weight = min(pi_old / mu, C)
 *
 * multiplies what a token (GRPO, PPO: TRL's `token_truncate`) or a completion (RLOO: `sequence_truncate`) counts in the loss,
 * a KL in it aside. No gradient goes through it. The bound keeps a token that mu thought next to impossible from being the
 * whole step, at the price of a small bias.
 */
import { type Node } from '#src/nn/graph.js';
import { abs, exp, minimum, stopGradient, sub } from '#src/nn/ops.js';

/** Nodes are float32 [tokens], or [completions] where log-probabilities are sums over their tokens. */
export interface Sampled {
  /** log mu of what was written. */
  logProbs: Node;
  /** C, at least 1. */
  ratioMax: number;
}

export interface SamplingCorrection {
  weight: Node;
  /** |log pi_old - log mu| */
  gap: Node;
}

/** @param old log pi_old */
export function samplingCorrection(old: Node, { logProbs, ratioMax }: Sampled): SamplingCorrection {
  const gap = sub(stopGradient(old), logProbs);
  return { weight: minimum(exp(gap), ratioMax), gap: abs(gap) };
}
