import { expect, test } from 'vitest';
import { correlation, deviation, mean } from './statistics.js';

test('mean and population deviation', () => {
  expect(mean([1, 2, 6])).toBe(3);
  expect(deviation([2, 4, 4, 4, 5, 5, 7, 9])).toBe(2);
});

test('correlation: linear, reversed, unrelated, and nothing to go by', () => {
  expect(correlation([1, 2, 3], [10, 20, 30])).toBeCloseTo(1, 12);
  expect(correlation([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1, 12);
  expect(correlation([1, 2, 1, 2], [1, 1, 2, 2])).toBe(0);
  expect(correlation([1, 2, 3], [5, 5, 5])).toBe(0);
});
