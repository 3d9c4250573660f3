import { expect, test } from 'vitest';
import { readScores, weightedMean, type GivenScores } from './dimensions.js';

const scale = [1, 2, 3, 4, 5].map((value) => ({ value, label: String(value) }));
const dimensions = [
  { name: 'helpfulness', weight: 2 },
  { name: 'honesty', weight: 1 },
  { name: 'harmlessness', weight: 1 },
];
const refused = (given: GivenScores, dims: typeof dimensions | null = dimensions) => {
  const { refusal } = readScores({ scale, dimensions: dims }, given);
  return refusal && [refusal.code, refusal.detail.pointer];
};

test('one score where there are no dimensions', () => {
  expect(readScores({ scale, dimensions: null }, { score: 4 })).toEqual({ scores: { score: 4, dimensionScores: null } });
  expect(refused({}, null)).toEqual(['score_missing', '/score']);
  expect(refused({ score: null }, null)).toEqual(['score_missing', '/score']);
  expect(refused({ score: 4.5 }, null)).toEqual(['score_out_of_scale', '/score']);
  expect(refused({ score: 4, dimensionScores: { honesty: 1 } }, null)).toEqual(['dimension_unknown', '/dimensionScores/honesty']);
});

test('the overall score is the weighted mean, dimensions in the order of the version', () => {
  const given = { harmlessness: 5, honesty: 2, helpfulness: 4 };
  const { scores } = readScores({ scale, dimensions }, { dimensionScores: given }) as { scores: { dimensionScores: object; score: number } };
  expect(scores.score).toBe((2 * 4 + 2 + 5) / 4);
  expect(Object.keys(scores.dimensionScores)).toEqual(['helpfulness', 'honesty', 'harmlessness']);
  expect(weightedMean([{ name: 'a', weight: 0.1 }, { name: 'b', weight: 0.3 }], { a: 1, b: 5 })).toBeCloseTo(4, 12);
});

test('what contradicts the dimensions is refused, with its place', () => {
  const full = { helpfulness: 4, honesty: 2, harmlessness: 5 };
  expect(refused({ dimensionScores: full })).toBeUndefined();
  expect(refused({ score: 4 })).toEqual(['score_is_computed', '/score']);
  expect(refused({ score: 4, dimensionScores: full })).toEqual(['score_is_computed', '/score']);
  expect(refused({})).toEqual(['dimension_score_missing', '/dimensionScores/helpfulness']);
  expect(refused({ dimensionScores: { helpfulness: 4, harmlessness: 5 } })).toEqual(['dimension_score_missing', '/dimensionScores/honesty']);
  expect(refused({ dimensionScores: { ...full, honesty: 0 } })).toEqual(['score_out_of_scale', '/dimensionScores/honesty']);
  expect(refused({ dimensionScores: { ...full, 'a/b': 1 } })).toEqual(['dimension_unknown', '/dimensionScores/a~1b']);
});
