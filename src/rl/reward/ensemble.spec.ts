import { expect, test } from 'vitest';
import { disagreementOf, disputedPairs, ensembleRewards } from './ensemble.js';

const members = [
  [1, 2, 6],
  [11, 12, 10],
];

test('members are averaged and compared about their own means', () => {
  expect([...ensembleRewards(members, [3, 11])]).toEqual([-1, 0, 1]);
  expect([...disagreementOf(members, [3, 11])]).toEqual([1, 1, 2]);
});

test('a single one keeps its rewards', () => {
  expect([...ensembleRewards([members[0]], [3])]).toEqual([1, 2, 6]);
});

test('the pair that members judge differently comes first, whatever their offsets', () => {
  // Differences: a-b -1 and -1, a-c -5 and 1, b-c -4 and 2.
  expect(disputedPairs(members)).toEqual([
    { a: 0, b: 2, disagreement: 3, preferA: 0.5 },
    { a: 1, b: 2, disagreement: 3, preferA: 0.5 },
    { a: 0, b: 1, disagreement: 0, preferA: 0 },
  ]);
  expect(disputedPairs(members.map((rewards) => rewards.map((r) => r + 100)))).toEqual(disputedPairs(members));
  expect(disputedPairs([])).toEqual([]);
});
