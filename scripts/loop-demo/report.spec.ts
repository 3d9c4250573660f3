import { expect, test } from 'vitest';
import { heldRow, promotedRow } from './iterations.fixture.js';
import { brokenPromises, type LoopDemoReport } from './report.js';

const report = (iterations: LoopDemoReport['iterations'], judgedBy: LoopDemoReport['judgedBy'] = 'simulated labelers'): LoopDemoReport => ({
  loopId: 'l', judgedBy, iterations, totalSeconds: 74,
});
const noWinner = 'no promoted policy beats the first one significantly';

test('one promoted policy that beats the first is enough, whatever was held beside it', () => {
  expect(brokenPromises(report([promotedRow, heldRow]), 2)).toEqual([]);
});

test('a winner by chance, one that was not promoted, and none at all are told', () => {
  const byChance = { ...promotedRow, overFirst: { ...promotedRow.overFirst!, low: 0.5 } };
  for (const row of [byChance, { ...promotedRow, decision: 'held' }, heldRow]) expect(brokenPromises(report([row]), 1)).toEqual([noWinner]);
  expect(brokenPromises(report([]), 1)).toEqual(['0 of 1 iterations finished', noWinner]);
});

test('people are promised nothing but to be heard', () => {
  expect(brokenPromises(report([heldRow], 'people'), 1)).toEqual([]);
  expect(brokenPromises(report([heldRow], 'people'), 2)).toEqual(['1 of 2 iterations finished']);
});
