import { expect, test } from 'vitest';
import { type RewardEvaluation } from '../evaluation/reward-evaluation.js';
import { type MemberTraining } from './reward-model.entity.js';
import { auditReward } from './reward-verdict.js';

const training: MemberTraining = { steps: 9, keptStep: 9, ended: null, pairs: 100, truncatedTexts: 0, lengthBias: null };
const proportion = (value: number, half = 0.05) => ({ value, low: value - half, high: value + half });
const shorter = (value: number) => ({
  by: 'preferred' as const, value: 'shorter', pairs: 40, prompts: 20, accuracy: proportion(value),
  nulls: { longest: 0, shortest: 1, first: 0.5, majority: null }, preferenceCeiling: null,
});
const good: RewardEvaluation = {
  split: 'eval', evalPairs: 100, evalPrompts: 50, accuracy: proportion(0.8), margin: 1, loss: 0.4, calibrationError: 0.03,
  calibration: { temperature: 1.1, errorBefore: 0.03, errorAfter: 0.02, bins: [] },
  nulls: { longest: 0.6, shortest: 0.4, first: 0.5, majority: null },
  bestNull: { rule: 'longest', gain: proportion(0.2) }, preferenceCeiling: 0.9, trainAccuracy: 0.85, lengthCorrelation: 0.3,
  slices: [shorter(0.7)], members: [{ member: 0, accuracy: 0.8, rewardMean: 0 }], disagreement: null,
  rewardMean: 0, rewardDeviation: 1, trainPairs: 400, truncatedTexts: 2, steps: 9,
};
const audit = (change: Partial<RewardEvaluation>, trainings = [training]) => auditReward({ ...good, ...change }, trainings, 800);
const statusOf = (verdict: ReturnType<typeof audit>, check: string) => verdict.findings.find((finding) => finding.check === check)!.status;

test('a clean audit', () => {
  const verdict = audit({});
  expect(verdict.status).toBe('healthy');
  expect(verdict.findings.map(({ status }) => status)).not.toContain('warning');
});

test.each<[string, Partial<RewardEvaluation>, string, 'warning' | 'failed']>([
  ['no better than length', { bestNull: { rule: 'longest', gain: proportion(-0.01) } }, 'beats_nulls', 'failed'],
  ['perhaps no better than length', { bestNull: { rule: 'longest', gain: proportion(0.03) } }, 'beats_nulls', 'warning'],
  ['nothing held out', { split: 'train', trainAccuracy: null }, 'held_out', 'warning'],
  ['memorised', { trainAccuracy: 0.99 }, 'overfitting', 'warning'],
  ['only memorised', { trainAccuracy: 0.99, accuracy: proportion(0.6) }, 'overfitting', 'failed'],
  ['overconfident', { calibrationError: 0.2 }, 'calibration', 'warning'],
  ['a measure of length', { lengthCorrelation: 0.97 }, 'length_correlation', 'failed'],
  ['wrong where the shorter one is better', { slices: [shorter(0.3)] }, 'shorter_preferred', 'warning'],
  ['cut texts', { truncatedTexts: 200 }, 'shortened', 'warning'],
])('%s', (_name, change, check, status) => {
  const verdict = audit(change);
  expect(statusOf(verdict, check)).toBe(status);
  expect(verdict.status).toBe(status);
});

test('a member that diverged', () => {
  const ended = { reason: 'diverged' as const, step: 4, message: 'the loss of step 5 is NaN' };
  const verdict = audit({}, [training, { ...training, steps: 4, keptStep: 4, ended }]);
  expect(verdict.status).toBe('failed');
  expect(verdict.findings[0].message).toBe('the loss of step 5 is NaN; the weights of step 4 were kept');
  const patient = { ...training, ended: { reason: 'no_improvement' as const, step: 4, message: '' } };
  expect(audit({}, [patient]).status).toBe('healthy');
});
