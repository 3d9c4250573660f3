/**
 * The reward of a completion from several sources: `sum_i w_i s_i`, as TRL's `sum_then_normalize`. Weights act on raw scores
 * unless a source is normalised, and then on `(s - mean) / deviation` with the figures of its evaluation, which do not
 * change during the run. What is not a finite number is a mistake of the source and no reward.
 */
import { type Scores } from '#src/rl/rollouts/rollouts.js';

export interface Scale {
  mean: number;
  deviation: number;
}

export interface SourceScores {
  name: string;
  weight: number;
  /** One per text. */
  scores: ArrayLike<number>;
  scale?: Scale;
}

export class RewardNotFiniteError extends Error {
  override readonly name = 'RewardNotFiniteError';
}

/** @throws RewardNotFiniteError naming source and text */
export function weightedRewards(sources: readonly SourceScores[], texts: number): Scores {
  const total = new Float64Array(texts);
  const bySource: Record<string, Float64Array> = {};
  for (const { name, weight, scores, scale } of sources) {
    if (scores.length !== texts) throw new RewardNotFiniteError(`"${name}" gave ${scores.length} rewards for ${texts} completions`);
    const { mean, deviation } = scale ?? { mean: 0, deviation: 1 };
    const own = Float64Array.from(scores, (score) => (score - mean) / deviation);
    const bad = own.findIndex((score) => !Number.isFinite(score));
    if (bad >= 0) throw new RewardNotFiniteError(`"${name}" rewards completion ${bad} of ${texts} with ${scores[bad]}`);
    own.forEach((score, i) => (total[i] += weight * score));
    bySource[name] = own;
  }
  return { total, bySource };
}
