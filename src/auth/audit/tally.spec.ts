import { expect, test } from 'vitest';
import { Tally } from './tally.js';

const minute = 60_000;
const counts = (told: { kind: string; count: number }[]) => told.map(({ kind, count }) => [kind, count]);

test('the first is told at once, the rest of its minute as one sum', () => {
  const tally = new Tally(minute, 10, 'other');
  expect(counts(tally.add('a', 'a', 0))).toEqual([['a', 1]]);
  for (let i = 1; i <= 500; i++) expect(tally.add('a', 'a', i)).toEqual([]);
  expect(counts(tally.add('b', 'b', 500))).toEqual([['b', 1]]);
  expect(tally.drain(minute - 1)).toEqual([]);
  expect(tally.drain(minute)).toEqual([{ kind: 'a', count: 500, since: new Date(1) }]);
  expect(tally.drain(Infinity)).toEqual([]);
});

test('one after its window brings the sum with it', () => {
  const tally = new Tally(minute, 10, 'other');
  tally.add('a', 'a', 0);
  tally.add('a', 'a', 5);
  expect(counts(tally.add('a', 'a', minute))).toEqual([['a', 1], ['a', 1]]);
  expect(tally.drain(Infinity)).toEqual([]);
});

test('many kinds take no more memory than few', () => {
  const tally = new Tally(minute, 3, 'other');
  const told = Array.from({ length: 100 }, (_, i) => tally.add(String(i), String(i), i)).flat();
  expect(counts(told)).toEqual([['0', 1], ['1', 1], ['2', 1], ['other', 1]]);
  expect(counts(tally.drain(Infinity))).toEqual([['other', 96]]);
});
