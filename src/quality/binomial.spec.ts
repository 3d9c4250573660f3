import { expect, test } from 'vitest';
import { Rng } from '#src/common/rng.js';
import { binomial, resample } from './binomial.js';

/** P(X = k) for all k. */
function probabilities(n: number, p: number): number[] {
  const logs = [n * Math.log(1 - p)];
  for (let k = 1; k <= n; k++) logs.push(logs[k - 1] + Math.log((n - k + 1) / k) + Math.log(p / (1 - p)));
  return logs.map(Math.exp);
}

test.each([
  [12, 0.3],
  [40, 0.02],
  [200, 0.25],
  [90, 0.7],
  [1000, 0.5],
])('draws of Binomial(%d, %d) follow the distribution', (n, p) => {
  const rng = Rng.from(`${n} ${p}`);
  const draws = 40_000;
  const seen = new Array<number>(n + 1).fill(0);
  for (let i = 0; i < draws; i++) seen[binomial(n, p, rng)]++;
  // Pearson's chi-squared over the values that are expected often enough; its deviation is sqrt(2 f).
  const likely = probabilities(n, p).flatMap((q, k) => (q * draws >= 20 ? [[q * draws, seen[k]]] : []));
  const chi = likely.reduce((sum, [expected, count]) => sum + (count - expected) ** 2 / expected, 0);
  expect(chi).toBeLessThan(likely.length + 4 * Math.sqrt(2 * likely.length));
});

test('a resample is as large as the sample, the same for the same seed, and right on average', () => {
  const counts = Float64Array.of(3, 0, 40, 957, 100_000);
  const rng = Rng.from(1);
  const means = new Float64Array(5);
  for (let i = 0; i < 2000; i++) {
    const drawn = resample(counts, rng);
    expect(drawn.reduce((a, b) => a + b)).toBe(101_000);
    drawn.forEach((count, k) => (means[k] += count / 2000));
  }
  means.forEach((mean, k) => expect(Math.abs(mean - counts[k])).toBeLessThan(0.1 * Math.sqrt(counts[k]) + 1e-9));
  expect(resample(counts, Rng.from(7))).toEqual(resample(counts, Rng.from(7)));
});
