import { expect, test } from 'vitest';
import { comparisonOutcome, ratingsNeed, ratingsOutcome, rewardOutcome, trainingOutcome } from './gate.js';

const gate = { winRate: 0.5, lengthControlled: false, maxKl: 0.1, allowFailedVerdict: false };

test('a quorum is rounded up, and comes before agreement', () => {
  const progress = { completions: 10, complete: 7, ratings: 21, agreement: 0.4 };
  expect(ratingsNeed(progress, { quorum: 0.75, minimumAgreement: null })).toBe('quorum');
  expect(ratingsNeed({ ...progress, complete: 8 }, { quorum: 0.75, minimumAgreement: null })).toBeNull();
  expect(ratingsNeed({ ...progress, complete: 7 }, { quorum: 0.7, minimumAgreement: 0.6 })).toBe('agreement');
  expect(ratingsNeed({ ...progress, complete: 10, agreement: 0.6 }, { quorum: 1, minimumAgreement: 0.6 })).toBeNull();
});

test('agreement that nobody could show is none', () => {
  const progress = { completions: 2, complete: 2, ratings: 2, agreement: null };
  expect(ratingsNeed(progress, { quorum: 1, minimumAgreement: 0.1 })).toBe('agreement');
  expect(ratingsNeed(progress, { quorum: 1, minimumAgreement: null })).toBeNull();
});

test('agreement that is lacking is waited for while somebody has still to answer, and then given up', () => {
  const progress = { completions: 10, complete: 8, ratings: 16, agreement: 0.5 };
  const wanted = { quorum: 0.8, minimumAgreement: 0.6 };
  expect(ratingsOutcome(progress, wanted, false)).toBeNull();
  expect(ratingsOutcome(progress, wanted, true)).toBe('disagreement');
  expect(ratingsOutcome({ ...progress, agreement: 0.6 }, wanted, false)).toBe('rated');
  expect(ratingsOutcome(progress, { ...wanted, quorum: 1 }, false)).toBeNull();
  expect(ratingsOutcome(progress, { ...wanted, quorum: 1 }, true)).toBe('too_few_ratings');
});

test('a failed audit, a KL over budget, and a KL that is no number are all held', () => {
  expect(trainingOutcome({ verdict: 'failed', kl: 0 }, true, gate)).toBe('unsound');
  expect(trainingOutcome({ verdict: 'failed', kl: 0 }, true, { ...gate, allowFailedVerdict: true })).toBe('trained');
  expect(trainingOutcome({ verdict: 'warning', kl: 0.1 }, true, gate)).toBe('trained');
  expect(trainingOutcome({ verdict: 'healthy', kl: 0.1001 }, true, gate)).toBe('over_kl_budget');
  expect(trainingOutcome({ verdict: 'healthy', kl: NaN }, true, gate)).toBe('over_kl_budget');
  expect(trainingOutcome({ verdict: null, kl: null }, true, { ...gate, maxKl: null })).toBe('trained');
});

test('a reward model that failed its audit is held, unless that is allowed', () => {
  expect(rewardOutcome('failed', gate)).toBe('unsound');
  expect(rewardOutcome('failed', { allowFailedVerdict: true })).toBe('trained');
  for (const verdict of ['healthy', 'warning', null] as const) expect(rewardOutcome(verdict, gate)).toBe('trained');
});

test('a run that made no version is held, whatever is allowed', () => {
  expect(trainingOutcome({ verdict: 'failed', kl: 0 }, false, { ...gate, allowFailedVerdict: true })).toBe('unsound');
  expect(trainingOutcome({ verdict: 'healthy', kl: 0 }, false, gate)).toBe('unsound');
});

test('the lower end of the interval must be beyond the gate, by length control when asked for', () => {
  const result = { low: 0.52, lengthControlled: { low: 0.47 } };
  expect(comparisonOutcome(result, gate)).toBe('won');
  expect(comparisonOutcome(result, { ...gate, winRate: 0.52 })).toBe('not_won');
  expect(comparisonOutcome(result, { ...gate, lengthControlled: true })).toBe('not_won');
});
