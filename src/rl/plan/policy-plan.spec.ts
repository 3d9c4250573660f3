import { describe, expect, test } from 'vitest';
import { tinyConfig } from '#src/lm/model/tiny-model.fixture.js';
import { tinyCheckpoint } from '../../../test/support/tiny-policy.js';
import { type CompletionGroup } from '../batch/completion-batch.js';
import { planPolicyTraining } from './policy-plan.js';
import { rolloutDefaults } from '../settings.js';
import { longestRollouts, rolloutExtra, type RolloutModels } from './rollout-extra.js';

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

test('rollouts: all completions at their longest', () => {
  const settings = { promptsPerStep: 3, groupSize: 4, maxTokens: 7 };
  const step = longestRollouts(settings, 5);
  expect(step.map(({ promptIds, completions }) => [promptIds.length, completions.map(({ tokenIds }) => tokenIds.length)])).toEqual(
    Array.from({ length: 3 }, () => [5, [7, 7, 7, 7]]),
  );
});

describe('beside the optimizer step', () => {
  const policy = tinyConfig;
  const settings = { ...rolloutDefaults, beta: 0, promptsPerStep: 3, groupSize: 4, maxTokens: 7 };
  const extra = (change: Partial<typeof settings> = {}, models: Partial<RolloutModels> = {}) =>
    rolloutExtra({ policy, rewardParameters: 0, ...models }, { ...settings, ...change }, 5);
  /**
   * Of the tiny model: embedding and output 2 x 40 x 16, norms 5 x 16, and per layer q 16 x 32, k and v 16 x 16 each, o 32 x
   * 16, three of the MLP 16 x 24. With a reward head 16 in the place of the output's 40 x 16.
   */
  const [parameters, withHead] = [1280 + 80 + 2 * 2688, 640 + 16 + 80 + 2 * 2688];
  const lora = { rank: 2, alpha: 2, targetModules: ['q_proj' as const] };
  /** A [2, 16] and B [32, 2] in two layers. */
  const factors = 2 * (32 + 64);

  test('sampling: keys and values; copies of the weights only where they are frozen under low-rank factors', () => {
    const cache = (2 * 2 * 2 * 8 + 1) * 16 * 64 * 4;
    expect(extra()).toMatchObject({ samplingBytes: cache, rewardBytes: 0, valueBytes: 0 });
    // One for batches of 16, 8, 4, 2 and 1 rows.
    expect(extra({ lora }).samplingBytes).toBe(cache + 5 * 4 * parameters);
  });

  test('a value model: three of each trained weight, its gradient and the copy of it, a start of its own', () => {
    const value = { start: policy, ownStart: false };
    expect(extra({}, { value }).valueBytes).toBe(4 * 5 * withHead);
    expect(extra({}, { value: { ...value, ownStart: true } }).valueBytes).toBe(4 * 6 * withHead);
    expect(extra({ lora }, { value }).valueBytes).toBe(4 * 5 * (factors + 16));
    expect(extra({ lora }, { value: { ...value, ownStart: true } }).valueBytes).toBe(4 * (withHead + 5 * (factors + 16)));
    const wide = { ...policy, intermediateSize: 48 };
    expect(extra({}, { value: { start: wide, ownStart: true } }).valueBytes).toBe(4 * 6 * (withHead + 2 * 3 * 16 * 24));
  });

  test('operations: written once, read by whoever must, scored, and the value model in each inner epoch', () => {
    const tokens = 3 * (4 * 7 + 5);
    const of = (...args: Parameters<typeof extra>) => extra(...args).floatingPointOperations;
    expect(of()).toBe(tokens * 2 * parameters);
    expect(of({ beta: 0.1 })).toBe(tokens * 4 * parameters);
    expect(of({ klBudget: 1 })).toBe(tokens * 6 * parameters);
    expect(of({}, { rewardParameters: 100 })).toBe(tokens * (2 * parameters + 200));
    expect(of({ innerEpochs: 4 }, { value: { start: policy, ownStart: false } })).toBe(tokens * (6 * parameters + (2 + 24) * withHead));
  });
});

test('the last good weights are two copies of what is trained', () => {
  const all = planPolicyTraining(config, groups(2), plain);
  expect(all.bytes.lastGood).toBe(2 * 4 * all.parameters);
  const lowRank = planPolicyTraining(tinyConfig, groups(2), { ...plain, lora: { rank: 2, alpha: 2, targetModules: ['q_proj'] } });
  expect([lowRank.trainedParameters, lowRank.bytes.lastGood]).toEqual([192, 2 * 4 * 192]);
  expect(lowRank.bytes.trained).toBe(3 * 4 * 192);
});
