import { expect, test } from 'vitest';
import { f32, floats } from '#src/nn/tensor.js';
import { bySlot } from '../batch/completion-batch.js';
import { byCompletion, logRatioSums, meanKl } from './completion-log-probs.js';

test('slots are cut by completion and joined again, padding zero', () => {
  const cut = byCompletion(f32([1, 2, 3, 9], [4]), [1, 2]);
  expect(cut.map((values) => [...values])).toEqual([[1], [2, 3]]);
  expect([...floats(bySlot(cut, { slots: 5 }))]).toEqual([1, 2, 3, 0, 0]);
});

test('KL per token and log-ratios by completion', () => {
  const logProbs = { own: [Float32Array.of(-1, -2), Float32Array.of(-0.5)], ref: [Float32Array.of(-1, -1), Float32Array.of(-1)] };
  // k3 of log-ratios 0, 1 and -0.5.
  expect(meanKl(logProbs)).toBeCloseTo((0 + (Math.E - 2) + (Math.exp(-0.5) - 0.5)) / 3, 12);
  expect(logRatioSums(logProbs)).toEqual([-1, 0.5]);
});
