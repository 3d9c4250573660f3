import { expect, it } from 'vitest';
import { median, quantile } from './statistics.js';

it('takes the middle of an odd count and the mean of the two middle ones of an even count', () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([4, 1, 3, 2])).toBe(2.5);
});

it('interpolates between neighbours', () => {
  expect(quantile([10, 20, 30, 40, 50], 0.99)).toBeCloseTo(49.6);
  expect(quantile([7], 0.99)).toBe(7);
});

it('does not sort what it was given, and refuses nothing at all', () => {
  const values = [3, 1, 2];
  quantile(values, 0.5);
  expect(values).toEqual([3, 1, 2]);
  expect(() => median([])).toThrow(RangeError);
});
