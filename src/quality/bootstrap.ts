/**
 * Percentile bootstrap by item (Efron 1979; Efron & Tibshirani 1993, chapter 13): as many items as there are, drawn
 * with replacement, and the figure computed again; its 2.5th and 97.5th percentile are the interval.
 *
 * What differs: items that are alike are drawn together (binomial.ts), so that a resample of a million items costs as
 * much as their kinds. Ratings of one item are not independent, therefore items are drawn and not ratings.
 */
import { setImmediate } from 'node:timers/promises';
import { Rng } from '#src/common/rng.js';
import { resample } from './binomial.js';

export interface Interval {
  low: number;
  high: number;
}

export interface Estimate {
  value: number;
  /** Null, both of them, where the figure is undefined in so many resamples that they say nothing of how sure it is. */
  low: number | null;
  high: number | null;
}

export interface BootstrapOptions {
  seed: string | number;
  resamples?: number;
  /** Coverage, 0.95 by default. */
  level?: number;
}

export const defaultResamples = 1000;

/** Others are served meanwhile: no more than so many milliseconds at a stretch. */
const stretch = 20;

/**
 * @param items how many items of each kind there are
 * @param figures computes all figures of a sample; null where one is undefined
 * @returns each figure with its interval, which is absent where the figure was undefined in more than a tenth of the resamples;
 *   null where the figure itself is undefined
 */
export async function bootstrap(
  items: Float64Array,
  figures: (items: Float64Array) => readonly (number | null)[],
  { seed, resamples = defaultResamples, level = 0.95 }: BootstrapOptions,
): Promise<(Estimate | null)[]> {
  const rng = Rng.from(seed);
  const drawn = new Float64Array(items.length);
  const values = figures(items);
  const found = values.map((): number[] => []);
  let since = performance.now();
  for (let b = 0; b < resamples; b++) {
    figures(resample(items, rng, drawn)).forEach((value, i) => value !== null && found[i].push(value));
    if (performance.now() - since < stretch) continue;
    await setImmediate();
    since = performance.now();
  }
  return values.map((value, i) => {
    if (value === null) return null;
    const thin = found[i].length === 0 || found[i].length < 0.9 * resamples;
    return { value, ...(thin ? { low: null, high: null } : percentiles(found[i], level)) };
  });
}

function percentiles(values: number[], level: number): Interval {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => {
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    const above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  };
  return { low: at((1 - level) / 2), high: at((1 + level) / 2) };
}
