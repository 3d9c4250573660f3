/**
 * Krippendorff's alpha (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability"; 2004, chapter 11):
 *
 *   alpha = 1 - D_o / D_e = 1 - (n - 1) sum o_ck d(c,k) / sum n_c n_k d(c,k)
 *
 * with o the coincidence matrix, n_c its row sums and n their sum. d is squared and depends on the level of
 * measurement: nominal 1 for different levels; interval (v_c - v_k)^2 of the values; ordinal the squared number of
 * values that lie between, (n_c/2 + n_(c+1) + ... + n_k/2)^2. 1 is perfect agreement, 0 what chance gives, below 0
 * systematic disagreement. Any number of labelers, any number of them per item, missing values.
 *
 * What differs: nothing in the value. Undefined (null) where all values are alike, since then D_e = 0.
 */
import { marginals } from './coincidences.js';

export const measurements = ['nominal', 'ordinal', 'interval'] as const;
export type Measurement = (typeof measurements)[number];

/**
 * @param matrix coincidences, [levels * levels]
 * @param values of the levels, ascending
 */
export function krippendorffAlpha(matrix: Float64Array, values: readonly number[], measurement: Measurement): number | null {
  const levels = values.length;
  const totals = marginals(matrix, levels);
  const n = totals.reduce((all, total) => all + total, 0);
  const distance = distances[measurement](values, totals);
  let observed = 0;
  let expected = 0;
  for (let c = 0; c < levels; c++) {
    for (let k = c + 1; k < levels; k++) {
      const squared = distance(c, k) ** 2;
      observed += matrix[c * levels + k] * squared;
      expected += totals[c] * totals[k] * squared;
    }
  }
  return expected === 0 ? null : 1 - ((n - 1) * observed) / expected;
}

type Distance = (c: number, k: number) => number;

const distances: Record<Measurement, (values: readonly number[], totals: Float64Array) => Distance> = {
  nominal: () => () => 1,
  interval: (values) => (c, k) => values[k] - values[c],
  ordinal: (_, totals) => {
    // ranks[c]: values below level c, and half of those at it.
    const ranks: number[] = [];
    let below = 0;
    for (const total of totals) {
      ranks.push(below + total / 2);
      below += total;
    }
    return (c, k) => ranks[k] - ranks[c];
  },
};
