import { expect, test } from 'vitest';
import { brokenPromises } from './report.js';

const sound = { rounds: 20, lost: 0, doubled: 0, stuck: 0, hashesEqual: true };

test('a sound report breaks no promise, with hashes or without', () => {
  expect(brokenPromises(sound)).toEqual([]);
  expect(brokenPromises({ ...sound, hashesEqual: null })).toEqual([]);
});

test.each([
  [{ lost: 1 }, '1 lost in 20 rounds'],
  [{ doubled: 2 }, '2 doubled in 20 rounds'],
  [{ stuck: 3 }, '3 stuck in 20 rounds'],
  [{ slow: ['claims took 60 ms'] }, 'claims took 60 ms'],
  [{ hashesEqual: false }, 'a result differs from that of the undisturbed run'],
])('%o is told', (change, line) => {
  expect(brokenPromises({ ...sound, ...change })).toEqual([line]);
});
