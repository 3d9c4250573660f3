import { correlation } from '#src/common/statistics.js';
import { expect, test } from 'vitest';
import { groupAdvantages } from './advantages.js';

test('rewards are centred and scaled inside their group', () => {
  // Group 1: mean 2, deviation sqrt((1 + 0 + 1) / 2) = 1. Group 2: all equal.
  const result = groupAdvantages([1, 2, 3, 7, 7, 7], 3, true);
  expect(result.advantages.slice(0, 3)).toEqual([-1 / 1.0001, 0, 1 / 1.0001]);
  expect(result.advantages.slice(3)).toEqual([0, 0, 0]);
  expect(result.rewardStd).toBeCloseTo(0.5, 12);
  expect(result.fracZeroStd).toBe(0.5);
});

test('without scaling only the mean is taken off', () => {
  expect(groupAdvantages([0, 10, 4, 6], 2, false).advantages).toEqual([-5, 5, -1, 1]);
});

test('equal rewards that have no exact mean still give exact zeros', () => {
  const result = groupAdvantages([0.1, 0.1, 0.1], 3, true);
  expect(result.advantages).toEqual([0, 0, 0]);
  expect(result.fracZeroStd).toBe(1);
});

test('adding a constant to a whole group changes nothing', () => {
  const plain = groupAdvantages([1, 4, 2, 8, 8.5, 9], 3, true).advantages;
  const shifted = groupAdvantages([101, 104, 102, 8, 8.5, 9], 3, true).advantages;
  shifted.forEach((value, i) => expect(value).toBeCloseTo(plain[i], 9));
});

test('incomplete groups, single completions and rewards that are not finite are refused', () => {
  expect(() => groupAdvantages([1, 2, 3], 2, true)).toThrow('not whole groups');
  expect(() => groupAdvantages([1, 2], 1, true)).toThrow('at least 2');
  expect(() => groupAdvantages([1, Number.NaN], 2, true)).toThrow('reward 1 is NaN');
});

test('correlation of hand-computed series', () => {
  expect(correlation([1, 2, 3], [2, 4, 6])).toBeCloseTo(1, 12);
  expect(correlation([1, 2, 3], [1, 3, 2])).toBeCloseTo(0.5, 12);
  expect(correlation([1, 2, 3], [5, 5, 5])).toBe(0);
});
