import { expect, test } from 'vitest';
import { objectiveMetrics, varianceExplained } from './ppo-metrics.js';

test('figures of whole completions', () => {
  const own = [Float32Array.of(-1, -0.5), Float32Array.of(-2)];
  const kl = [Float64Array.of(0.5, 0.25), Float64Array.of(-0.25)];
  const figures = objectiveMetrics({ own, kl, rewards: [1, 3], beta: 0.4 });
  expect(figures['objective/kl']).toBeCloseTo(0.25, 12);
  expect(figures.kl).toBeCloseTo(0.5 / 3, 12);
  expect(figures['objective/entropy']).toBeCloseTo(1.75, 12);
  expect(figures['objective/scores']).toBe(2);
  expect(figures['objective/non_score_reward']).toBeCloseTo(-0.1, 12);
  expect(figures['objective/rlhf_reward']).toBeCloseTo(1.9, 12);
});

test('variance that the values explain', () => {
  expect(varianceExplained([{ returns: [1, 3], values: [1, 3] }])).toBe(1);
  expect(varianceExplained([{ returns: [1, 3], values: [0, 0] }])).toBe(0);
  expect(varianceExplained([{ returns: [1], values: [3] }, { returns: [3], values: [1] }])).toBe(-3);
  expect(varianceExplained([{ returns: [2, 2], values: [1, 0] }])).toBe(0);
});
