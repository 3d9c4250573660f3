/** 95% percentile bootstrap intervals (Efron 1979) of figures over prompts: whole prompts are drawn with replacement. */
import { Rng } from '#src/common/rng.js';

export interface Interval {
  low: number;
  high: number;
}

export interface BootstrapOptions {
  seed: string | number;
  resamples?: number;
}

/**
 * @param prompts how many there are
 * @param statistic of a resample, given how often each prompt is in it: [prompts]
 */
export function promptInterval(
  prompts: number,
  statistic: (times: Uint32Array) => number,
  { seed, resamples = 2000 }: BootstrapOptions,
): Interval {
  const rng = Rng.from(seed);
  const times = new Uint32Array(prompts);
  const values = Float64Array.from({ length: resamples }, () => {
    times.fill(0);
    for (let i = 0; i < prompts; i++) times[rng.int(prompts)]++;
    return statistic(times);
  }).sort();
  return { low: quantile(values, 0.025), high: quantile(values, 0.975) };
}

/** Items by prompt, prompts in the order in which they first appear. */
export function groupByPrompt<T extends { promptId: string }>(items: readonly T[]): T[][] {
  const prompts = new Map<string, T[]>();
  for (const item of items) {
    const group = prompts.get(item.promptId);
    if (group) group.push(item);
    else prompts.set(item.promptId, [item]);
  }
  return [...prompts.values()];
}

/** The interval of the mean of one number per item. */
export function meanInterval(
  items: readonly { promptId: string; value: number }[],
  options: BootstrapOptions,
): Interval {
  const groups = groupByPrompt(items);
  const totals = groups.map((group) => group.reduce((sum, { value }) => sum + value, 0));
  return promptInterval(
    groups.length,
    (times) => {
      let [total, count] = [0, 0];
      for (let i = 0; i < times.length; i++) {
        total += times[i] * totals[i];
        count += times[i] * groups[i].length;
      }
      return total / count;
    },
    options,
  );
}

/** Linear interpolation between the two nearest ranks, as numpy's default. */
function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}
