/**
 * How often a reward model is right about pairs of prompts it never saw, beside rules that never read the text.
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
  /** Expected calibration error of sigmoid(margin) as the probability that the preference is so (10 bins). */
  calibrationError: number;
}

/** @throws RangeError without pairs, or when a reward is not finite */
export function rewardAccuracy(pairs: readonly EvaluatedPair[], seed: string | number): RewardAccuracy {
  if (pairs.length === 0) throw new RangeError('there are no pairs to evaluate');
  const gaps = pairs.map(({ chosenReward, rejectedReward }) => chosenReward - rejectedReward);
  if (!gaps.every(Number.isFinite)) throw new RangeError('a reward is not a finite number');
  const rights = gaps.map((gap) => (gap > 0 ? 1 : gap === 0 ? 0.5 : 0));
  const promptIds = pairs.map((pair) => pair.promptId);
  return {
    pairs: pairs.length,
    prompts: new Set(promptIds).size,
    accuracy: bootstrapMean(promptIds, rights, seed),
    margin: mean(gaps),
    loss: mean(gaps.map((gap) => Math.log1p(Math.exp(-Math.abs(gap))) + Math.max(0, -gap))),
    calibrationError: calibrationError(gaps),
  };
}

const resamples = 2000;

/**
 * Mean of `values` with a 95% percentile bootstrap interval (Efron 1979). Prompts are resampled, not pairs: the
 * pairs of one prompt share their completions and are anything but independent.
 */
export function bootstrapMean(promptIds: readonly string[], values: readonly number[], seed: string | number): Proportion {
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

const bins = 10;

/**
 * Each pair, shown in the order the model prefers, claims p = sigmoid(|gap|) and is right or wrong; the error is the
 * mean distance between claim and truth over equal bins of p in [0.5, 1], weighted by their pairs.
 */
function calibrationError(gaps: readonly number[]): number {
  const tally = Array.from({ length: bins }, () => ({ claimed: 0, right: 0 }));
  for (const gap of gaps) {
    const claim = 1 / (1 + Math.exp(-Math.abs(gap)));
    const bin = tally[Math.min(bins - 1, Math.floor((claim - 0.5) * 2 * bins))];
    bin.claimed += claim;
    bin.right += gap > 0 ? 1 : gap === 0 ? 0.5 : 0;
  }
  return tally.reduce((total, { claimed, right }) => total + Math.abs(claimed - right), 0) / gaps.length;
}
