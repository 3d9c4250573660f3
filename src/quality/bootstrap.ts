/**
 * Percentile bootstrap by item (Efron 1979; Efron & Tibshirani 1993, chapter 13): as many items as there are, drawn
 * with replacement, and the figure computed again; its 2.5th and 97.5th percentile are the interval.
 *
 * What differs: items that are alike are drawn together (binomial.ts), so that a resample of a million items costs as
 * much as their kinds. Ratings of one item are not independent, therefore items are drawn and not ratings.
 */
import { Rng } from '#src/common/rng.js';
import { resample } from './binomial.js';

export interface Interval {
  low: number;
  high: number;
}

export interface BootstrapOptions {
  seed: string | number;
  resamples?: number;
  /** Coverage, 0.95 by default. */
  level?: number;
}

export const defaultResamples = 1000;

/**
 * @param items how many items of each kind there are
 * @param figures computes all figures of a resample; null where one is undefined
 * @returns an interval per figure; null where it was undefined in more than a tenth of the resamples
 */
export function bootstrap(
  items: Float64Array,
  figures: (items: Float64Array) => readonly (number | null)[],
  { seed, resamples = defaultResamples, level = 0.95 }: BootstrapOptions,
): (Interval | null)[] {
  const rng = Rng.from(seed);
  const drawn = new Float64Array(items.length);
  const found = figures(items).map((): number[] => []);
  for (let b = 0; b < resamples; b++) {
    figures(resample(items, rng, drawn)).forEach((value, i) => value !== null && found[i].push(value));
  }
  return found.map((values) => (values.length < 0.9 * resamples || values.length === 0 ? null : percentiles(values, level)));
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
