/**
 * Does a score rise or fall with the position in which a completion was shown? The linear-by-linear association test
 * (Mantel 1963; Agresti 2007, "An Introduction to Categorical Data Analysis", section 2.5.1):
 *
 *   M^2 = (n - 1) r^2,   chi-squared with one degree of freedom under independence
 *
 * with r Pearson's correlation of the rows' and the columns' scores over the table of counts. Here |M| is compared with the
 * normal distribution, which is the same. Positions are drawn at random for each labeler, so that quality is no part
 * of r. Null where one of the two never changes.
 */
import { twoSided } from './normal.js';

export interface TrendTest {
  n: number;
  /** Negative: what is shown earlier gets more. */
  correlation: number;
  /** Signed root of M^2. */
  z: number;
  pValue: number;
}

export interface TrendCell {
  x: number;
  y: number;
  count: number;
}

export function trendTest(cells: readonly TrendCell[]): TrendTest | null {
  let n = 0;
  let meanX = 0;
  let meanY = 0;
  for (const { x, y, count } of cells) {
    n += count;
    meanX += count * x;
    meanY += count * y;
  }
  meanX /= n;
  meanY /= n;
  let xx = 0;
  let yy = 0;
  let xy = 0;
  for (const { x, y, count } of cells) {
    xx += count * (x - meanX) ** 2;
    yy += count * (y - meanY) ** 2;
    xy += count * (x - meanX) * (y - meanY);
  }
  if (n < 2 || xx === 0 || yy === 0) return null;
  const correlation = xy / Math.sqrt(xx * yy);
  const z = correlation * Math.sqrt(n - 1);
  return { n, correlation, z, pValue: twoSided(z) };
}
