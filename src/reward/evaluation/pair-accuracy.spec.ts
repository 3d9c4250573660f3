import { expect, test } from 'vitest';
import { bootstrapMean, rewardAccuracy, type EvaluatedPair } from './pair-accuracy.js';

const pair = (promptId: string, chosenReward: number, rejectedReward: number): EvaluatedPair => ({ promptId, chosenReward, rejectedReward });

test('accuracy, margin and loss of hand-computed pairs', () => {
  const result = rewardAccuracy([pair('a', 2, 0), pair('a', 0, 1), pair('b', 3, 3), pair('b', 1, 0)], 7);
  expect(result).toMatchObject({ pairs: 4, prompts: 2, margin: 0.5 });
  expect(result.accuracy.value).toBe((1 + 0 + 0.5 + 1) / 4);
  const losses = [2, -1, 0, 1].map((gap) => Math.log(1 + Math.exp(-gap)));
  expect(result.loss).toBeCloseTo(losses.reduce((a, b) => a + b) / 4, 12);
});

test('huge rewards do not overflow, and what is not finite is refused', () => {
  expect(rewardAccuracy([pair('a', -2000, 2000)], 1).loss).toBe(4000);
  expect(() => rewardAccuracy([pair('a', Number.NaN, 0)], 1)).toThrow('not a finite');
  expect(() => rewardAccuracy([], 1)).toThrow('no pairs');
});

test('the interval treats a prompt as one draw', () => {
  // 40 prompts of 10 pairs each; within a prompt all pairs are right or all wrong.
  const prompts = Array.from({ length: 400 }, (_, i) => `p${Math.floor(i / 10)}`);
  const values = prompts.map((_, i) => (Math.floor(i / 10) % 2 === 0 ? 1 : 0));
  const clustered = bootstrapMean(prompts, values, 'seed');
  const independent = bootstrapMean(prompts.map((_, i) => `q${i}`), values, 'seed');
  expect(clustered.value).toBe(0.5);
  // Standard errors 0.5 / sqrt(40) and 0.5 / sqrt(400).
  expect(clustered.high - clustered.low).toBeCloseTo(2 * 1.96 * 0.0791, 1);
  expect(independent.high - independent.low).toBeCloseTo(2 * 1.96 * 0.025, 1);
  expect(bootstrapMean(prompts, values, 'seed')).toEqual(clustered);
});
