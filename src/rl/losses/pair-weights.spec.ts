import { expect, test } from 'vitest';
import { weighPairs } from './pair-weights.js';

const pair = (gap: number, recordedWeight: number | null = null) => ({ gap, tie: gap === 0, recordedWeight });
const prompts = [[pair(1, 0.5), pair(3), pair(0, 2)], [pair(2, -1)]];

test.each([
  ['recorded', [[0.5, 1, 2], [0]]],
  ['uniform', [[1, 1, 1], [1]]],
  ['margin', [[0.5, 1.5, 1], [1]]],
  ['prompt', [[1 / 3, 1 / 3, 1 / 3], [1]]],
] as const)('%s', (weighting, expected) => {
  expect(weighPairs(prompts, weighting)).toEqual(expected);
});

test('ties alone have no margin to go by', () => {
  expect(weighPairs([[pair(0)]], 'margin')).toEqual([[1]]);
});
