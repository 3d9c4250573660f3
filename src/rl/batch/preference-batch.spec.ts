import { expect, test } from 'vitest';
import { collate, sizeOf } from './preference-batch.js';

const row = (length: number, token: number): number[] => Array.from({ length }, () => token);
const numbers = (data: ArrayLike<number | bigint>): number[] => Array.from(data, Number);
const text = (prompt: number[], completion: number[]) => ({ prompt, completion, truncated: false });
const packing = { padId: 9, attentionCost: 0 };

const groups = [
  { texts: [text(row(3, 1), [2]), text(row(3, 1), row(8, 3))], pairs: [{ chosen: 1, rejected: 0, margin: 0.5 }] },
  {
    texts: [text([4], row(5, 5)), text([4], []), text([6, 4], row(2, 7))],
    pairs: [
      { chosen: 0, rejected: 2, margin: 0 },
      { chosen: 2, rejected: 1, margin: 1 },
    ],
  },
];

test('a prompt once, rewards at the ends of the texts, pairs pointing at them', () => {
  const batch = collate(groups, packing);
  // Tokens: 3 + 1 + 8 behind the first prompt, 1 + 5 + 0 behind the second, 2 + 2 behind one that was cut otherwise.
  expect(batch).toMatchObject({ rows: 2, time: 16, texts: 32, pairs: 64, pairCount: 3, tokens: 22 });
  expect(sizeOf(batch.feeds)).toEqual({ rows: 2, time: 16, texts: 32, pairs: 64 });
  const ids = numbers(batch.feeds.ids.data);
  expect(ids).toEqual([...row(3, 1), 2, ...row(8, 3), 6, 4, 7, 7, 4, ...row(5, 5), ...row(10, 9)]);
  const last = numbers(batch.feeds.last.data);
  expect(last.slice(0, 6)).toEqual([3, 11, 21, 16, 15, 0]);
  const { chosen, rejected, weights, margins } = batch.feeds;
  expect(numbers(chosen.data).slice(0, 4)).toEqual([1, 2, 4, 0]);
  expect(numbers(rejected.data).slice(0, 4)).toEqual([0, 4, 3, 0]);
  expect(numbers(weights.data).reduce((a, b) => a + b)).toBe(3);
  expect(numbers(margins.data).slice(0, 4)).toEqual([0.5, 0, 1, 0]);
});

test('a text without a prompt is read as it is, and long rows are rounded up more coarsely', () => {
  const { feeds } = collate([{ texts: [text([], [5, 6])], pairs: [] }], packing);
  expect([numbers(feeds.ids.data).slice(0, 3), numbers(feeds.last.data)[0]]).toEqual([[5, 6, 9], 1]);
  const one = (length: number) => collate([{ texts: [text([1], row(length - 1, 1))], pairs: [] }], packing).time;
  expect([one(16), one(17), one(128), one(129), one(300)]).toEqual([16, 32, 128, 192, 320]);
});
