import { expect, test } from 'vitest';
import { buckets } from './completion-batch.js';
import { packGroups } from './group-batch.js';

const batch = packGroups([
  {
    promptIds: [10, 11],
    completions: [
      { tokenIds: [20, 21, 22], advantage: 1.5 },
      { tokenIds: [30, 31], advantage: -1.5, masked: true },
    ],
  },
  { promptIds: [12], completions: [{ tokenIds: [40], advantage: 2 }] },
]);
const { feeds } = batch;
const numbers = (data: ArrayLike<number | bigint>, from: number, to: number) =>
  Array.from(data).slice(from, to).map(Number);

test('both prompts fit into one row, completions without their last token', () => {
  expect(numbers(feeds.ids.data, 0, 7)).toEqual([10, 11, 20, 21, 30, 12, 0]);
  expect(numbers(feeds.positions.data, 0, 7)).toEqual([0, 1, 2, 3, 2, 0, 0]);
});

test('tokens are predicted at the place before them', () => {
  expect(numbers(feeds.targets.data, 0, 6)).toEqual([20, 21, 22, 30, 31, 40]);
  expect(numbers(feeds.predictedAt.data, 0, 6)).toEqual([1, 2, 3, 1, 4, 5]);
});

test('advantages spread over tokens; masked completions and padding stay out of the loss', () => {
  expect(numbers(feeds.advantages.data, 0, 7)).toEqual([1.5, 1.5, 1.5, -1.5, -1.5, 2, 0]);
  expect(numbers(feeds.mask.data, 0, 7)).toEqual([1, 1, 1, 0, 0, 1, 0]);
  expect([batch.tokens, numbers(feeds.tokens.data, 0, 1)]).toEqual([4, [4]]);
});

test('sizes come in buckets', () => {
  expect([batch.time, batch.slots]).toEqual([buckets.time, buckets.slots]);
  expect(() => packGroups([{ promptIds: [], completions: [] }])).toThrow('no tokens');
  expect(() => packGroups([{ promptIds: [1], completions: [{ tokenIds: [], advantage: 0 }] }])).toThrow(
    'no tokens',
  );
});
