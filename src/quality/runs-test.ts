/**
 * Straight-lining: does a labeler give the same score too often in a row? The runs test for several kinds (Mood 1940,
 * "The distribution theory of runs"; Barton & David 1957, "Multiple runs"; Wald & Wolfowitz 1940 for two kinds). For
 * n scores in order, n_i of kind i, in R runs, under random order
 *
 *   E R = (n (n + 1) - S2) / n        S2 = sum n_i^2,  S3 = sum n_i^3
 *   Var R = (S2 (S2 + n (n + 1)) - 2 n S3 - n^3) / (n^2 (n - 1))
 *
 * and z = (R - E R) / sqrt(Var R) is about normal. z far below 0: long runs. Scores in order of rating are not quite
 * in random order where completions of one prompt come one after the other and are alike, so only a large |z| tells.
 */
import { twoSided } from './normal.js';

export interface RunsTest {
  n: number;
  runs: number;
  expectedRuns: number;
  /** Scores in the longest run. */
  longestRun: number;
  /** Null where all scores are the same. */
  z: number | null;
  pValue: number | null;
}

export function runsTest(scores: readonly number[]): RunsTest {
  const n = scores.length;
  const kinds = new Map<number, number>();
  let runs = 0;
  let length = 0;
  let longestRun = 0;
  scores.forEach((score, i) => {
    kinds.set(score, (kinds.get(score) ?? 0) + 1);
    if (i > 0 && score === scores[i - 1]) length++;
    else {
      runs++;
      length = 1;
    }
    longestRun = Math.max(longestRun, length);
  });
  const power = (exponent: number) => [...kinds.values()].reduce((sum, count) => sum + count ** exponent, 0);
  const squares = power(2);
  const expectedRuns = n === 0 ? 0 : (n * (n + 1) - squares) / n;
  const variance = n < 2 ? 0 : (squares * (squares + n * (n + 1)) - 2 * n * power(3) - n ** 3) / (n * n * (n - 1));
  const z = variance > 1e-12 ? (runs - expectedRuns) / Math.sqrt(variance) : null;
  return { n, runs, expectedRuns, longestRun, z, pValue: z === null ? null : twoSided(z) };
}
