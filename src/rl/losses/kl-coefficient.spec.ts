import { expect, test } from 'vitest';
import { nextCoefficient } from './token-rewards.js';

const to = { target: 6, horizon: 1000 };

test('moves in proportion near the target, and by a fifth of its size at most', () => {
  expect(nextCoefficient(0.2, 6, 100, to)).toBe(0.2);
  // 6.6 / 6 - 1 = 0.1
  expect(nextCoefficient(0.2, 6.6, 100, to)).toBeCloseTo(0.2 * (1 + 0.1 * 0.1), 12);
  expect(nextCoefficient(0.2, 600, 100, to)).toBeCloseTo(0.2 * 1.02, 12);
  expect(nextCoefficient(0.2, -3, 100, to)).toBeCloseTo(0.2 * 0.98, 12);
});
