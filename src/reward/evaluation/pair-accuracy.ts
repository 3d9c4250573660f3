/**
 * Accuracy of a reward model on pairs of held-out prompts, compared with content-blind rules.
 * A reward model that does not beat "the longest wins" has learned length.
 */
import { Rng } from '#src/common/rng.js';
import { mean } from '#src/common/statistics.js';

/** A pair as the evaluation sees it, preferred completion first. */
export interface EvaluatedPair {
  promptId: string;
  chosenReward: number;
  rejectedReward: number;
}

export interface Proportion {
  value: number;
  /** 95% interval. */
  low: number;
  high: number;
}

export interface RewardAccuracy {
  pairs: number;
  prompts: number;
  /** Share of pairs whose preferred completion has the higher reward, equal rewards counting half. */
  accuracy: Proportion;
  /** Mean of chosen minus rejected reward. */
  margin: number;
  /** Mean of -log sigmoid(margin). */
  loss: number;
}

/** @throws RangeError without pairs, or when a reward is not finite */
export function rewardAccuracy(pairs: readonly EvaluatedPair[], seed: string | number): RewardAccuracy {
  if (pairs.length === 0) throw new RangeError('there are no pairs to evaluate');
  const gaps = pairs.map(gapOf);
  if (!gaps.every(Number.isFinite)) throw new RangeError('a reward is not a finite number');
  const promptIds = pairs.map((pair) => pair.promptId);
  return {
    pairs: pairs.length,
    prompts: new Set(promptIds).size,
    accuracy: bootstrapMean(promptIds, pairs.map(pointsOf), seed),
    margin: mean(gaps),
    loss: mean(gaps.map((gap) => Math.log1p(Math.exp(-Math.abs(gap))) + Math.max(0, -gap))),
  };
}

export const gapOf = ({ chosenReward, rejectedReward }: EvaluatedPair): number => chosenReward - rejectedReward;

/** 1 when the preferred completion has the higher reward, 1/2 when both have the same. */
export function pointsOf(pair: EvaluatedPair): number {
  const gap = gapOf(pair);
  return gap > 0 ? 1 : gap === 0 ? 0.5 : 0;
}

/**
 * Mean of `values` with a 95% percentile bootstrap interval (Efron 1979). Prompts are resampled, not pairs: the
 * pairs of one prompt share their completions and are anything but independent.
 */
export function bootstrapMean(promptIds: readonly string[], values: readonly number[], seed: string | number, resamples = 2000): Proportion {
  const byPrompt = new Map<string, { total: number; count: number }>();
  promptIds.forEach((id, i) => {
    const { total, count } = byPrompt.get(id) ?? { total: 0, count: 0 };
    byPrompt.set(id, { total: total + values[i], count: count + 1 });
  });
  const prompts = [...byPrompt.values()];
  const rng = Rng.from(seed);
  const means = Float64Array.from({ length: resamples }, () => {
    let [total, count] = [0, 0];
    for (let i = 0; i < prompts.length; i++) {
      const drawn = prompts[rng.int(prompts.length)];
      total += drawn.total;
      count += drawn.count;
    }
    return total / count;
  }).sort();
  const at = (share: number): number => means[Math.round(share * (resamples - 1))];
  return { value: mean(values), low: at(0.025), high: at(0.975) };
}
