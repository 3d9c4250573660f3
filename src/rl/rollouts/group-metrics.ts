/** Figures of a step under the names that TRL gives them, plus `reward_length_correlation`. */
import { correlation, mean, sampleDeviation } from '#src/common/statistics.js';
import { type Metrics } from '#src/lm/files/training-progress.js';

export interface MeasuredSample {
  reward: number;
  tokenIds: readonly number[];
  finishReason: 'stop' | 'length';
  /** By source of reward. */
  scores: Readonly<Record<string, number>>;
}

export function rolloutMetrics(samples: readonly MeasuredSample[]): Metrics {
  const rewards = samples.map(({ reward }) => reward);
  const lengths = samples.map(({ tokenIds }) => tokenIds.length);
  return {
    reward: mean(rewards),
    'completions/mean_length': mean(lengths),
    'completions/max_length': lengths.reduce((longest, length) => Math.max(longest, length), 0),
    'completions/clipped_ratio': mean(samples.map(({ finishReason }) => (finishReason === 'length' ? 1 : 0))),
    reward_length_correlation: correlation(lengths, rewards),
    ...sourceMetrics(samples.map(({ scores }) => scores)),
  };
}

/** `rewards/<name>/mean` and `/std` of each source, before weights and penalties. */
function sourceMetrics(scores: readonly Readonly<Record<string, number>>[]): Metrics {
  const figures = Object.keys(scores[0]).map((name): [string, number][] => {
    const own = scores.map((of) => of[name]);
    return [
      [`rewards/${name}/mean`, mean(own)],
      [`rewards/${name}/std`, own.length > 1 ? sampleDeviation(own) : 0],
    ];
  });
  return Object.fromEntries(figures.flat());
}

/** Means by name over the optimizer steps of one batch. */
export function averageMetrics(epochs: readonly Metrics[]): Metrics {
  return Object.fromEntries(
    Object.keys(epochs[0]).map((name) => [name, mean(epochs.map((epoch) => epoch[name]))]),
  );
}
