/**
 * The weight of the KL in the reward, moved so that the KL comes to a target (Ziegler et al. 2019, arXiv:1909.08593,
 * section 2.2):
 *
 *   error = clip(KL / target - 1, -0.2, 0.2)
 *   beta <- beta (1 + error n / horizon)         n completions were seen
 *
 * A larger horizon moves more slowly. The KL is that of whole completions, in nats, as `objective/kl`.
 */
export interface KlTarget {
  target: number;
  horizon: number;
}

const largestError = 0.2;

export function nextCoefficient(beta: number, kl: number, completions: number, { target, horizon }: KlTarget): number {
  const error = Math.min(largestError, Math.max(-largestError, kl / target - 1));
  return beta * (1 + (error * completions) / horizon);
}
