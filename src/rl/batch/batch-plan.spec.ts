import { expect, test } from 'vitest';
import { Rng } from '#src/common/rng.js';
import { countSteps, planEpoch, type GroupSize } from './batch-plan.js';

const rng = Rng.from('sizes');
const groups: GroupSize[] = Array.from({ length: 300 }, () => ({ completions: 2 + rng.int(9), tokens: 20 + rng.int(300) }));
const completions = (batch: number[]) => batch.reduce((total, index) => total + groups[index].completions, 0);
const padded = (batch: number[]) => completions(batch) * Math.max(...batch.map((index) => groups[index].tokens));

test('every group once per epoch, within the limit', () => {
  const plan = planEpoch(groups, 32, 'seed', 0);
  expect(plan.flat().sort((a, b) => a - b)).toEqual(groups.map((_, index) => index));
  expect(Math.max(...plan.map(completions))).toBeLessThanOrEqual(32);
  expect(planEpoch([{ completions: 99, tokens: 9 }], 32, 'seed', 0)).toEqual([[0]]);
  expect(planEpoch([], 32, 'seed', 0)).toEqual([]);
});

test('steps are counted as they are cut', () => {
  const settings = { batchSize: 32, epochs: 3, maxSteps: null, seed: 1 };
  const cut = [0, 1, 2].map((epoch) => planEpoch(groups, 32, 1, epoch).length).reduce((a, b) => a + b);
  expect(Math.abs(countSteps(groups, settings) - cut)).toBeLessThanOrEqual(3);
  expect(countSteps(groups, { ...settings, maxSteps: 7 })).toBe(7);
  expect(countSteps(Array.from({ length: 5 }, () => ({ completions: 4, tokens: 9 })), { ...settings, batchSize: 8 })).toBe(9);
});

test('the same seed and epoch give the same plan, another epoch another one', () => {
  expect(planEpoch(groups, 32, 'seed', 1)).toEqual(planEpoch(groups, 32, 'seed', 1));
  expect(planEpoch(groups, 32, 'seed', 1)).not.toEqual(planEpoch(groups, 32, 'seed', 2));
  expect(planEpoch(groups, 32, 'seed', 1)).not.toEqual(planEpoch(groups, 32, 'other', 1));
});

test('groups of similar length share a batch', () => {
  const total = (batches: number[][]) => batches.reduce((sum, batch) => sum + padded(batch), 0);
  const needed = groups.reduce((sum, group) => sum + group.completions * group.tokens, 0);
  expect(total(planEpoch(groups, 32, 'seed', 0)) / needed).toBeLessThan(1.2);
});
