import { expect, test } from 'vitest';
import { Rng } from '#src/common/rng.js';
import { lowFence, type RobustCentre } from './modified-z.js';
import { twoSided } from './normal.js';
import { runsTest } from './runs-test.js';
import { trendTest } from './trend-test.js';
import { wilson } from './wilson.js';

test.each([
  [0, 1],
  [1.959964, 0.05],
  [-2.575829, 0.01],
  [6, 1.973175e-9],
])('two-sided tail of the normal distribution at %d', (z, p) => {
  expect(twoSided(z) / p).toBeCloseTo(1, 5);
});

// Agresti 2007, table 2.7: mothers' alcohol consumption and malformation of infants.
const malformation = [
  [17066, 48],
  [14464, 38],
  [788, 5],
  [126, 1],
  [37, 1],
];
const cells = (drinks: number[]) => malformation.flatMap((row, i) => row.map((count, y) => ({ x: drinks[i], y, count })));

test('Agresti 2007, section 2.5.2: alcohol and malformation, midpoints of the classes', () => {
  const { n, correlation, z, pValue } = trendTest(cells([0, 0.5, 1.5, 4, 7]))!;
  expect(n).toBe(32574);
  expect(correlation).toBeCloseTo(0.0142, 4);
  expect(z * z).toBeCloseTo(6.57, 2);
  expect(pValue).toBeCloseTo(0.0104, 4);
});

test('Agresti 2007, section 2.5: the same with midranks as scores', () => {
  const { z, pValue } = trendTest(cells([8557.5, 24365.5, 32013, 32473, 32555.5]))!;
  expect(z * z).toBeCloseTo(0.35, 2);
  expect(pValue).toBeCloseTo(0.55, 2);
});

test('no trend where positions or scores never change', () => {
  expect(trendTest([{ x: 1, y: 1, count: 5 }, { x: 1, y: 2, count: 5 }])).toBeNull();
  expect(trendTest([])).toBeNull();
});

test('runs of two kinds have the moments of Wald and Wolfowitz 1940', () => {
  const { runs, expectedRuns, z, longestRun } = runsTest([1, 1, 1, 2, 2, 1, 2, 2, 2, 2, 1, 1]);
  const [a, b] = [6, 6];
  const mean = 1 + (2 * a * b) / (a + b);
  const variance = (2 * a * b * (2 * a * b - a - b)) / ((a + b) ** 2 * (a + b - 1));
  expect([runs, longestRun]).toEqual([5, 4]);
  expect(expectedRuns).toBeCloseTo(mean, 12);
  expect(z).toBeCloseTo((5 - mean) / Math.sqrt(variance), 12);
});

// The examples of runs.test in the R package pracma 1.7.9, with the figures that its documentation prints; it moves the
// number of runs of a short sequence by a half towards the mean.
test.each([
  ['a coin', 'HTTHHHTTTTTTTHHHTHTHHHTHHHTHTH', 0.5, -0.1617764, 0.8714819],
  ['strict alternation', '01'.repeat(50), 0, 9.849873, 0],
])('pracma, runs of %s', (_, sequence, towards, z, p) => {
  const { runs, expectedRuns, z: plain } = runsTest([...sequence].map((kind) => kind.charCodeAt(0)));
  const deviation = (runs - expectedRuns) / plain!;
  const moved = (runs - expectedRuns + towards) / deviation;
  expect(moved).toBeCloseTo(z, 6);
  expect(twoSided(moved)).toBeCloseTo(p, 6);
});

test('runs of several kinds have the moments that shuffling finds', () => {
  const scores = [1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 4, 5, 5];
  const rng = Rng.from('runs');
  const seen = Array.from({ length: 20_000 }, () => runsTest(rng.shuffle([...scores])));
  const mean = seen.reduce((sum, { runs }) => sum + runs, 0) / seen.length;
  const variance = seen.reduce((sum, { runs }) => sum + (runs - mean) ** 2, 0) / seen.length;
  const { runs, expectedRuns, z } = runsTest(scores);
  expect(mean).toBeCloseTo(expectedRuns, 1);
  expect(((runs - expectedRuns) / z!) ** 2 / variance).toBeCloseTo(1, 1);
  expect(runsTest([3, 3, 3])).toMatchObject({ runs: 1, longestRun: 3, z: null, pValue: null });
});

/** M by its definition; its inverse is what the fence takes. */
const modifiedZ = (value: number, { median, mad }: RobustCentre): number => (0.6745 * (value - median)) / mad;

test('the fence is where the modified z-score is -3.5; there is none where values do not differ', () => {
  // Median 3, absolute deviations 2 1 0 1 97, MAD 1.
  const centre = { median: 3, mad: 1 };
  expect(modifiedZ(lowFence(centre)!, centre)).toBeCloseTo(-3.5, 9);
  expect(lowFence({ median: 3, mad: 0 })).toBeNull();
});

test('of normal data a modified z-score is a z-score: the fence lies 3.5 deviations below the mean', () => {
  // Iglewicz & Hoaglin 1993, p. 11: the MAD of normal data is 0.6745 standard deviations.
  const rng = Rng.from('modified z');
  const values = Array.from({ length: 40_000 }, () => 7 + 3 * rng.normal());
  const middle = (of: number[]) => [...of].sort((a, b) => a - b)[of.length >> 1];
  const median = middle(values);
  const centre = { median, mad: middle(values.map((value) => Math.abs(value - median))) };
  expect((lowFence(centre)! - 7) / 3).toBeCloseTo(-3.5, 1);
});

test('Wilson 1927 intervals, as Agresti & Coull 1998 and Newcombe 1998 print them', () => {
  // Newcombe 1998, table I, method 3: 81/263, 15/148, 0/20, 1/29.
  const printed = [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ];
  for (const [successes, n, low, high] of printed) {
    const interval = wilson(successes, n)!;
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  }
  expect(wilson(0, 0)).toBeNull();
});
