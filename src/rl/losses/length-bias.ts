/**
 * Keeping length out of the reward by a product of experts (Clark et al. 2019, arXiv:1909.03683, "bias product"; for
 * reward models Shen et al. 2023, arXiv:2310.05199).
 *
 *   fitted first, on the training pairs, from lengths alone:   P(chosen) = sigmoid(g x)
 *   then the reward is trained with g x added to its logit:    loss = -log sigmoid(r_c - r_r + g x)
 *   and scores come without it.
 *
 *   x = tanh((length_c - length_r) / s), s the standard deviation of the differences, as length-controlled AlpacaEval
 *   measures length (Dubois et al. 2024, arXiv:2404.04475); lengths in characters, as those of the nulls
 *
 * What differs: Shen et al. learn a small network as the second expert together with the reward; here it is one
 * coefficient, fitted beforehand to its optimum. It takes all that length explains, so that where better answers are
 * longer for good reasons the reward gives up that part too.
 */

export interface LengthBias {
  coefficient: number;
  /** Characters. */
  scale: number;
}

export interface PairLengths {
  chosen: number;
  rejected: number;
  weight: number;
}

/** Without pairs or without any difference in length there is no bias. */
export function fitLengthBias(pairs: readonly PairLengths[]): LengthBias {
  const total = pairs.reduce((sum, { weight }) => sum + weight, 0);
  // Which side is chosen is what is asked, so the differences are spread around zero, not around their mean.
  const square = pairs.reduce((sum, { chosen, rejected, weight }) => sum + weight * (chosen - rejected) ** 2, 0);
  const scale = total > 0 ? Math.sqrt(square / total) : 0;
  if (scale === 0) return { coefficient: 0, scale: 1 };
  const xs = pairs.map((pair) => feature(pair, scale));
  return { coefficient: newton(xs, pairs.map(({ weight }) => weight)), scale };
}

/** Logit of the length predictor for a pair, added to the reward difference. */
export function lengthLogit(lengths: Pick<PairLengths, 'chosen' | 'rejected'>, { coefficient, scale }: LengthBias): number {
  return coefficient * feature(lengths, scale);
}

function feature({ chosen, rejected }: Pick<PairLengths, 'chosen' | 'rejected'>, scale: number): number {
  return Math.tanh((chosen - rejected) / scale);
}

/** Like one extra pair won by the longer side and one lost: data that length explains fully would have no optimum. */
const prior = 1;

/** Root of the convex loss's derivative: sum w x sigmoid(-g x) = prior (sigmoid(g) - sigmoid(-g)). */
function newton(xs: readonly number[], weights: readonly number[]): number {
  let g = 0;
  for (let i = 0; i < 100; i++) {
    let slope = prior * Math.tanh(g / 2);
    let curvature = (prior / 2) * (1 - Math.tanh(g / 2) ** 2);
    xs.forEach((x, p) => {
      const wrong = 1 / (1 + Math.exp(g * x));
      slope -= weights[p] * x * wrong;
      curvature += weights[p] * x * x * wrong * (1 - wrong);
    });
    // Steps are bounded: far from the optimum the curvature is nearly none.
    const step = Math.max(-1, Math.min(1, -slope / curvature));
    g += step;
    if (Math.abs(step) < 1e-12) break;
  }
  return g;
}
