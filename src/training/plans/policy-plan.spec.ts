import { expect, test } from 'vitest';
import { tinyCheckpoint } from '../../../test/support/tiny-policy.js';
import { type CompletionGroup } from '../completion-batch.js';
import { planPolicyTraining } from './policy-plan.js';
import { longestRollouts, rolloutExtra } from './rollout-extra.js';

const { config } = tinyCheckpoint();
const plain = { lora: null, microBatchTokens: null, gradientCheckpointing: false };
const groups = (count: number, tokens = 60): CompletionGroup[] =>
  Array.from({ length: count }, () => ({ promptIds: new Array<number>(20).fill(1), completions: Array.from({ length: 4 }, () => ({ tokenIds: new Array<number>(tokens).fill(2) })) }));

test('parts of the plan add up, and each remedy helps', () => {
  const plan = planPolicyTraining(config, groups(8), plain);
  const { peak, ...parts } = plan.bytes;
  expect(Object.values(parts).reduce((total, bytes) => total + bytes, 0)).toBe(peak);
  expect(plan.trainedParameters).toBe(plan.parameters);
  const inParts = planPolicyTraining(config, groups(8), { ...plain, microBatchTokens: 300 });
  expect(inParts.bytes.activations).toBeLessThan(plan.bytes.activations / 2);
  expect(inParts.floatingPointOperations / plan.floatingPointOperations).toBeCloseTo(1, 0);
  const lowRank = planPolicyTraining(config, groups(8), { ...plain, lora: { rank: 2, alpha: 2, targetModules: ['q_proj'] } });
  expect(lowRank.trainedParameters).toBeLessThan(plan.trainedParameters / 10);
  expect(lowRank.bytes.trained + lowRank.bytes.lastGood).toBeLessThan((plan.bytes.trained + plan.bytes.lastGood) / 10);
  expect(planPolicyTraining(config, groups(8), { ...plain, gradientCheckpointing: true }).bytes.activations).toBeLessThan(plan.bytes.activations);
});

test('of the upper layers, low-rank or not; from kept hidden states the layers below are no part of a step', () => {
  const lora = { rank: 2, alpha: 2, targetModules: ['q_proj' as const] };
  const all = planPolicyTraining(config, groups(8), plain);
  const upper = { ...plain, trainedLayers: 1 };
  const [whole, kept] = [planPolicyTraining(config, groups(8), upper), planPolicyTraining(config, groups(8), upper, { inSteps: true, bytes: 1000 })];
  expect(whole.parameters).toBe(all.parameters);
  expect(whole.trainedParameters).toBeLessThan(all.trainedParameters / 2);
  expect(kept.trainedParameters).toBe(whole.trainedParameters);
  expect([all.trunkBytes, whole.trunkBytes, kept.trunkBytes]).toEqual([0, 0, 1000]);
  expect(kept.floatingPointOperations).toBeLessThan(whole.floatingPointOperations);
  expect(whole.floatingPointOperations).toBeLessThan(all.floatingPointOperations);
  // Ids, positions, masks and targets either way; hidden states besides.
  expect(whole.bytes.batch / all.bytes.batch).toBeCloseTo(1, 3);
  expect(kept.bytes.batch).toBeGreaterThan(whole.bytes.batch);
  const [everywhere, above] = [planPolicyTraining(config, groups(8), { ...plain, lora }), planPolicyTraining(config, groups(8), { ...upper, lora })];
  expect(above.trainedParameters).toBe(everywhere.trainedParameters / 2);
});

test('a step too large to lay out is planned as a fraction of it', () => {
  const [small, large] = [planPolicyTraining(config, groups(32), plain), planPolicyTraining(config, groups(320), plain)];
  expect(large.bytes.activations / small.bytes.activations).toBeCloseTo(10, -0.5);
  expect(large.floatingPointOperations / small.floatingPointOperations).toBeCloseTo(10, -0.5);
  const alone: CompletionGroup[] = [{ promptIds: [1, 2], completions: Array.from({ length: 400 }, () => ({ tokenIds: new Array<number>(100).fill(2) })) }];
  expect(planPolicyTraining(config, alone, plain).bytes.activations).toBeGreaterThan(small.bytes.activations);
});

test('rollouts: all completions at their longest; sampling and models beside it', () => {
  const settings = { promptsPerStep: 3, groupSize: 4, maxTokens: 7 };
  const step = longestRollouts(settings, 5);
  expect(step.map(({ promptIds, completions }) => [promptIds.length, completions.map(({ tokenIds }) => tokenIds.length)])).toEqual(
    Array.from({ length: 3 }, () => [5, [7, 7, 7, 7]]),
  );
  const without = rolloutExtra(config, 0, settings, 5, false);
  // 2 (keys, values) x 2 layers x 1 head x 16 x 4 bytes, for 12 completions of 12 tokens.
  expect(without).toMatchObject({ samplingBytes: 2 * 2 * 16 * 4 * 12 * 12, rewardBytes: 0, valueBytes: 0 });
  const { parameters } = planPolicyTraining(config, step, plain);
  const withAll = rolloutExtra(config, parameters, settings, 5, true);
  expect(withAll.valueBytes).toBe(8 * withAll.rewardBytes);
  expect(withAll.floatingPointOperations).toBeGreaterThan(3 * without.floatingPointOperations);
});
