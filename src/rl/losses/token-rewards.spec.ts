import { expect, test } from 'vitest';
import { tokenKl, tokenRewards } from './token-rewards.js';

test('KL by token', () => {
  expect([...tokenKl([-1, -2], [-1.5, -1], 'k1')]).toEqual([0.5, -1]);
  const k3 = tokenKl([-1, -2], [-1.5, -1], 'k3');
  expect(k3[0]).toBeCloseTo(Math.exp(-0.5) - 1 + 0.5, 12);
  expect(k3[1]).toBeCloseTo(Math.E - 2, 12);
});

test('every token pays for its KL, the last one gets the score', () => {
  expect([...tokenRewards([0.5, -1, 0], 2, 0.1)]).toEqual([-0.05, 0.1, 2]);
  expect([...tokenRewards([0.5], 2, 0.1)]).toEqual([1.95]);
});
