/**
 * Generalized advantage estimation (Schulman et al. 2016, arXiv:1506.02438, equations 11 and 16), for one completion
 * whose token t has reward r_t and was chosen in a state of value V_t:
 *
 *   delta_t  = r_t + gamma V_{t+1} - V_t        V after the last token is 0: the episode is over
 *   A_t      = delta_t + gamma lambda A_{t+1}
 *   return_t = A_t + V_t                        what the value model learns
 *
 * lambda 1 is reward-to-go less the value (unbiased, noisy), lambda 0 the one-step error (steady, as wrong as the values).
 * A completion that was cut off ends like any other: its score judges what is there. In TRL the score of a shorter
 * completion arrives one token after its end marker, so that the value of a padding token takes part; here it arrives
 * with the last token.
 */
export interface GaeOptions {
  gamma: number;
  lambda: number;
}

export interface TokenTargets {
  /** [tokens] */
  advantages: Float64Array;
  returns: Float64Array;
}

/** @param rewards @param values by token; of equal length */
export function generalizedAdvantages(rewards: ArrayLike<number>, values: ArrayLike<number>, { gamma, lambda }: GaeOptions): TokenTargets {
  const { length } = rewards;
  const advantages = new Float64Array(length);
  const returns = new Float64Array(length);
  let [later, nextValue] = [0, 0];
  for (let t = length - 1; t >= 0; t--) {
    const delta = rewards[t] + gamma * nextValue - values[t];
    later = delta + gamma * lambda * later;
    nextValue = values[t];
    advantages[t] = later;
    returns[t] = later + values[t];
  }
  return { advantages, returns };
}

/**
 * Whitening: values shifted to mean 0 and scaled to deviation 1 over all tokens of a step (Huang et al. 2024,
 * arXiv:2403.17031, detail 10), `(x - mean) / sqrt(var + 1e-8)` with Bessel's correction, as TRL's `masked_whiten`.
 * It makes the size of a step independent of the scale of the rewards.
 */
const epsilon = 1e-8;

/** @param keepMean scale only, as for rewards: their mean is what they say */
export function whiten(values: readonly ArrayLike<number>[], keepMean = false): Float64Array[] {
  const all = values.flatMap((of) => Array.from(of));
  const mean = all.reduce((total, value) => total + value, 0) / all.length;
  const variance = all.reduce((total, value) => total + (value - mean) ** 2, 0) / Math.max(1, all.length - 1);
  const scale = 1 / Math.sqrt(variance + epsilon);
  return values.map((of) => Float64Array.from(of, (value) => (value - mean) * scale + (keepMean ? mean : 0)));
}
