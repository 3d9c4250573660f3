import { expect, test } from 'vitest';
import { collate, sizeOf } from './preference-batch.js';

const row = (length: number, token: number): number[] => Array.from({ length }, () => token);
const numbers = (data: ArrayLike<number | bigint>): number[] => Array.from(data, Number);

const groups = [
  { rows: [row(3, 1), row(20, 2)], pairs: [{ chosen: 1, rejected: 0, margin: 0.5 }] },
  {
    rows: [row(5, 3), row(1, 4), row(7, 5)],
    pairs: [
      { chosen: 0, rejected: 2, margin: 0 },
      { chosen: 2, rejected: 1, margin: 1 },
    ],
  },
];

test('rows of all groups in one batch, pairs pointing at them', () => {
  const batch = collate(groups, 9);
  expect(batch).toMatchObject({ rows: 8, time: 32, pairs: 64, pairCount: 3, tokens: 36 });
  expect(sizeOf(batch.feeds)).toEqual({ rows: 8, time: 32, pairs: 64 });
  const ids = numbers(batch.feeds.ids.data);
  expect(ids.slice(0, 5)).toEqual([1, 1, 1, 9, 9]);
  expect(ids.slice(32, 53)).toEqual([...row(20, 2), 9]);
  expect(ids.slice(5 * 32).every((id) => id === 9)).toBe(true);
  const last = numbers(batch.feeds.last.data);
  expect(last).toEqual([2, 51, 68, 96, 134, 160, 192, 224]);
  const { chosen, rejected, weights, margins } = batch.feeds;
  expect(numbers(chosen.data).slice(0, 4)).toEqual([1, 2, 4, 0]);
  expect(numbers(rejected.data).slice(0, 4)).toEqual([0, 4, 3, 0]);
  expect(numbers(weights.data).reduce((a, b) => a + b)).toBe(3);
  expect(numbers(margins.data).slice(0, 4)).toEqual([0.5, 0, 1, 0]);
});

test('long texts are rounded up more coarsely', () => {
  const one = (length: number) => collate([{ rows: [row(length, 1), row(2, 1)], pairs: [] }], 0).time;
  expect([one(16), one(17), one(128), one(129), one(300)]).toEqual([16, 32, 128, 160, 320]);
});
