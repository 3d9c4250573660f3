import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { kappaWeights, valueWeight, weightedKappa } from './weighted-kappa.js';

// Cohen 1960 (table 1) and again Cohen 1968 (table 1): two judges, 200 patients; personality disorder, neurosis,
// psychosis.
const cohen = [88, 10, 2, 14, 40, 6, 18, 10, 12];

test('Cohen 1968, table 1: disagreement weights 1, 3, 6', () => {
  const weights = [0, 1, 3, 1, 0, 6, 3, 6, 0];
  expect(weightedKappa(cohen, 3, (c, k) => weights[c * 3 + k])).toBeCloseTo(0.348, 3);
});

test('Cohen 1960: all disagreements alike give the unweighted kappa', () => {
  expect(weightedKappa(cohen, 3, (c, k) => (c === k ? 0 : 1))).toBeCloseTo(0.492, 3);
});

const golden = JSON.parse(readFileSync('test/golden/quality/agreement.json', 'utf8')) as {
  kappa: { values: number[]; counts: number[]; linear: number; quadratic: number }[];
};

test.each(golden.kappa.map((sample, i) => [i, sample] as const))('as scikit-learn has it, sample %i', (_, { values, counts, ...expected }) => {
  for (const weights of kappaWeights) {
    expect(weightedKappa(counts, values.length, valueWeight(values, weights))).toBeCloseTo(expected[weights], 12);
  }
});

test('undefined where both gave one level throughout, 1 where they always agree', () => {
  expect(weightedKappa([9, 0, 0, 0], 2, valueWeight([0, 1], 'linear'))).toBeNull();
  expect(weightedKappa([0, 0, 0, 0], 2, valueWeight([0, 1], 'linear'))).toBeNull();
  expect(weightedKappa([5, 0, 0, 4], 2, valueWeight([0, 1], 'quadratic'))).toBe(1);
});
