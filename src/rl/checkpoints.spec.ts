import { expect, test } from 'vitest';
import { bestStep, byLoss, byReward, evaluationsOf, improves, isEvaluated, stepsToDrop } from './checkpoints.js';

const loss = byLoss;
const reward = byReward;
const at = (step: number, metricValue: number | null, policyVersionId: string | null = null) => ({ step, metricValue, policyVersionId });

test('the best is the lowest loss or the highest reward; of equals the first; what was not measured is none', () => {
  const three = [at(1, 2), at(2, 1), at(3, 1), at(4, null), at(5, Number.NaN), at(6, Infinity)];
  expect(bestStep(three, loss)).toBe(2);
  expect(bestStep([...three].reverse(), loss)).toBe(2);
  expect(bestStep(three, reward)).toBe(1);
  expect(bestStep([at(1, null)], loss)).toBeUndefined();
  expect(bestStep([], loss)).toBeUndefined();
});

test('a curve improves where its last evaluation beats all before it', () => {
  const curve: Record<string, number>[] = [{ loss: 3 }, { loss: 2, eval_loss: 2 }, { loss: 1, eval_loss: 2.5 }, { loss: 1, eval_loss: 1.5 }];
  expect(evaluationsOf(curve, loss).map(({ metricValue }) => metricValue)).toEqual([null, 2, 2.5, 1.5]);
  expect([1, 2, 3, 4].map((n) => improves(curve.slice(0, n), loss))).toEqual([false, true, false, true]);
});

test('the latest stay, the best, and what became a version', () => {
  const kept = [at(10, 0.5), at(20, 0.9, 'a version'), at(30, 0.8), at(40, 0.7), at(50, 0.6)];
  expect(stepsToDrop(kept, 2, loss)).toEqual([30]);
  expect(stepsToDrop(kept, 1, reward)).toEqual([10, 30, 40]);
  expect(stepsToDrop(kept, 5, loss)).toEqual([]);
});

test('evaluations come every so often and at the end, or not at all', () => {
  const steps = (evaluateEvery: number | null) => [1, 2, 3, 4, 5].filter((step) => isEvaluated(step, 5, { evaluateEvery }));
  expect(steps(2)).toEqual([2, 4, 5]);
  expect(steps(9)).toEqual([5]);
  expect(steps(null)).toEqual([]);
});
