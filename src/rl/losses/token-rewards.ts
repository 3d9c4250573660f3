/**
 * The reward of each token of a completion (Ouyang et al. 2022, section 3.5; Ziegler et al. 2019): the score arrives with
 * the last token, and every token pays for the KL to the reference,
 *
 *   r_t = -beta kl_t + [t is the last] score
 *
 * with kl_t by the estimators of Schulman (2020, http://joschu.net/blog/kl-approx.html) on log r = log ref - log pi:
 * `k1` is -log r (unbiased, may be negative), `k3` is r - 1 - log r (never negative; the expectation is the same, the
 * gradient through a reward is not).
 */
export const klEstimators = ['k1', 'k3'] as const;
export type KlEstimator = (typeof klEstimators)[number];

/** Reward of each token, from the log-probabilities of policy and reference. */
export function tokenKl(own: ArrayLike<number>, ref: ArrayLike<number>, estimator: KlEstimator): Float64Array {
  return Float64Array.from(own, (value, t) => {
    const logRatio = ref[t] - value;
    return estimator === 'k1' ? -logRatio : Math.expm1(logRatio) - logRatio;
  });
}

/** @param kl by token, at least one */
export function tokenRewards(kl: ArrayLike<number>, score: number, beta: number): Float64Array {
  const rewards = Float64Array.from(kl, (value) => -beta * value);
  rewards[rewards.length - 1] += score;
  return rewards;
}

/**
 * The weight of the KL in the reward, adapted so that the KL reaches a target (Ziegler et al. 2019, arXiv:1909.08593,
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
