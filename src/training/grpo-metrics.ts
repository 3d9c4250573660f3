/** Figures of a step under the names that TRL gives them, plus `reward_length_correlation`. */
import { correlation, mean, type GroupAdvantages } from './advantages.js';
import { type Metrics } from '#src/lm/training-progress.js';

export interface MeasuredSample {
  reward: number;
  tokenIds: readonly number[];
  finishReason: 'stop' | 'length';
}

export function rolloutMetrics(samples: readonly MeasuredSample[], group: GroupAdvantages): Metrics {
  const rewards = samples.map(({ reward }) => reward);
  const lengths = samples.map(({ tokenIds }) => tokenIds.length);
  return {
    reward: mean(rewards),
    reward_std: group.rewardStd,
    frac_reward_zero_std: group.fracZeroStd,
    'completions/mean_length': mean(lengths),
    'completions/max_length': lengths.reduce((longest, length) => Math.max(longest, length), 0),
    'completions/clipped_ratio': mean(samples.map(({ finishReason }) => (finishReason === 'length' ? 1 : 0))),
    reward_length_correlation: correlation(lengths, rewards),
  };
}

/** Means by name over the optimizer steps of one batch. */
export function averageMetrics(epochs: readonly Metrics[]): Metrics {
  return Object.fromEntries(
    Object.keys(epochs[0]).map((name) => [name, mean(epochs.map((epoch) => epoch[name]))]),
  );
}
