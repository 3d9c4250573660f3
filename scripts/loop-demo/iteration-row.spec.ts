import { expect, test } from 'vitest';
import { iterationRow } from './iteration-row.js';
import { compared, outcome, withoutVersion } from './iterations.fixture.js';

test('an iteration that was compared has its win rates over the first version and over the one before', () => {
  expect(iterationRow(compared, { overFirst: outcome })).toEqual({
    iteration: 1, decision: 'promoted', reason: 'won',
    overFirst: { winRate: 0.7, low: 0.6, high: 0.8, n: 30, lengthControlled: 0.65 },
    overPrevious: { winRate: 0.7, low: 0.6, high: 0.8 },
    kl: 0.125, training: null, length: { first: 41.6, candidate: 30.2 }, inventedFacts: { first: 0.4, candidate: 0.1 },
    rewardAccuracy: 0.75, drift: { value: 0.2, low: 0.1, high: 0.3 }, ratings: 120, agreement: 0.8,
  });
});

test('one that made no version has nothing to compare, and says what it has', () => {
  const row = iterationRow(withoutVersion);
  expect(row).toMatchObject({ decision: 'held', reason: 'no_pairs', ratings: 120, agreement: null });
  for (const none of [row.overFirst, row.overPrevious, row.kl, row.training, row.length, row.inventedFacts, row.rewardAccuracy, row.drift]) expect(none).toBeNull();
});
