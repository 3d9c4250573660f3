import { expect, test } from 'vitest';
import { brokenPromises, unprovenBy } from './report.js';

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
  [{ unproven: ['ppo: nobody went on from a save'] }, 'ppo: nobody went on from a save'],
  [{ hashesEqual: false }, 'a result differs from that of the undisturbed run'],
])('%o is told', (change, line) => {
  expect(brokenPromises({ ...sound, ...change })).toEqual([line]);
});

test('a drill proves something when somebody was killed in each round, and somebody went on', () => {
  expect(unprovenBy('dpo', { rounds: 2, kills: 3, resumed: 1 })).toEqual([]);
  expect(unprovenBy('leases', { rounds: 2, kills: 2 })).toEqual([]);
  expect(unprovenBy('dpo', { rounds: 2, kills: 1, resumed: 1 })).toEqual(['dpo: 1 kills in 2 rounds']);
  expect(unprovenBy('ppo', { rounds: 1, kills: 0, resumed: 0 })).toEqual(['ppo: 0 kills in 1 rounds', 'ppo: nobody went on from a save']);
});
