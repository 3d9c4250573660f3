import { expect, test } from 'vitest';
import { whiten } from './gae.js';

test('mean 0 and deviation 1 over all together', () => {
  // Mean 2, variance (1 + 0 + 1) / 2 = 1.
  const [a, b] = whiten([[1, 2], [3]]);
  [-1, 0].forEach((value, i) => expect(a[i]).toBeCloseTo(value, 7));
  expect(b[0]).toBeCloseTo(1, 7);
});

test('the mean may stay', () => {
  const [all] = whiten([[10, 14]], true);
  // Variance 8.
  expect(all[0]).toBeCloseTo(12 - 2 / Math.sqrt(8), 7);
  expect(all[1]).toBeCloseTo(12 + 2 / Math.sqrt(8), 7);
});

test('equal values and a single one come to zero, not to NaN', () => {
  expect([...whiten([[3, 3, 3]])[0]]).toEqual([0, 0, 0]);
  expect([...whiten([[5]])[0]]).toEqual([0]);
});
