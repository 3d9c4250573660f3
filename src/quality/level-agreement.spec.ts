import { expect, test } from 'vitest';
import { coincidences, coincidenceTable } from './coincidences.js';
import { levelAgreements, rawAgreement } from './level-agreement.js';
import { weightedKappa } from './weighted-kappa.js';

// Two labelers, 100 items: 80 both low, 10 both high, 10 split. Positive and negative agreement as Cicchetti &
// Feinstein (1990) define them: 2a / (2a + b + c).
const matrix = coincidences(coincidenceTable([{ counts: [2, 0, 0], items: 80 }, { counts: [0, 0, 2], items: 10 }, { counts: [1, 0, 1], items: 10 }], 3));

test('raw agreement is the share of items on which two labelers agree', () => {
  expect(rawAgreement(matrix, 3)).toBeCloseTo(0.9, 12);
  expect(rawAgreement(new Float64Array(9), 3)).toBeNull();
});

test('agreement of a level, and what it is taken for', () => {
  const [low, middle, high] = levelAgreements(matrix, 3);
  expect(low.agreement).toBeCloseTo(160 / 170, 12);
  expect(high.agreement).toBeCloseTo(20 / 30, 12);
  expect([low.confusedWith, high.confusedWith]).toEqual([2, 0]);
  expect(middle).toEqual({ values: 0, agreement: null, confusedWith: null });
});

// Feinstein & Cicchetti 1990, "High agreement but low kappa: I", as Gerstman prints it in Epidemiology Kept Simple, table 10.6.
test.each([
  ['A', 40, 9, 6, 45, 0.85, 0.7],
  ['B', 80, 10, 5, 5, 0.85, 0.32],
])('Feinstein & Cicchetti 1990, table %s: the same raw agreement, whatever kappa is', (_, a, b, c, d, raw, kappa) => {
  const table = coincidences(coincidenceTable([{ counts: [2, 0], items: a }, { counts: [1, 1], items: b + c }, { counts: [0, 2], items: d }], 2));
  expect(rawAgreement(table, 2)).toBeCloseTo(raw, 12);
  expect(weightedKappa(Float64Array.from([a, b, c, d]), 2, (i, j) => Number(i !== j))).toBeCloseTo(kappa, 2);
  // What tells the two tables apart, by the definition of Cicchetti & Feinstein 1990 (II).
  const [positive, negative] = levelAgreements(table, 2);
  expect(positive.agreement).toBeCloseTo((2 * a) / (2 * a + b + c), 12);
  expect(negative.agreement).toBeCloseTo((2 * d) / (2 * d + b + c), 12);
});
