import { expect, test } from 'vitest';
import { weightedRewards } from './reward-panel.service.js';

test('a weighted sum, of normalised scores where a scale is given', () => {
  const { total, bySource } = weightedRewards(
    [
      { name: 'helpful', weight: 2, scores: [1, -1] },
      { name: 'long', weight: -0.5, scores: [30, 10], scale: { mean: 20, deviation: 5 } },
    ],
    2,
  );
  expect([...total as Float64Array]).toEqual([2 - 0.5 * 2, -2 + 0.5 * 2]);
  expect([...bySource!.long as Float64Array]).toEqual([2, -2]);
});

test('what is missing or no number is told with its source', () => {
  expect(() => weightedRewards([{ name: 'a', weight: 1, scores: [1, NaN, 3] }], 3)).toThrow('"a" rewards completion 1 of 3 with NaN');
  expect(() => weightedRewards([{ name: 'b', weight: 1, scores: [1] }], 2)).toThrow('"b" gave 1 rewards for 2 completions');
  expect(() => weightedRewards([{ name: 'c', weight: 1, scores: [1], scale: { mean: 0, deviation: 0 } }], 1)).toThrow('"c" rewards');
});
