import { expect, test } from 'vitest';
import { coincidences, coincidenceTable } from './coincidences.js';
import { levelAgreements, rawAgreement } from './level-agreement.js';

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
