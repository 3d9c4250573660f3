import { expect, test } from 'vitest';
import { tinyCheckpoint } from '../../../test/support/tiny-policy.js';
import { completeGrpo } from '#src/rl/methods/grpo.js';
import { completePpo } from '#src/rl/methods/ppo.js';
import { impossibleSettings } from './rollout-limits.js';

const { config } = tinyCheckpoint();
const pointer = (hp: Parameters<typeof impossibleSettings>[0], model = config) => impossibleSettings(hp, model)?.pointer;

test('defaults are possible', () => {
  expect(pointer(completeGrpo({}))).toBeUndefined();
  expect(pointer(completePpo({}))).toBeUndefined();
});

test('what does not fit the model', () => {
  expect(pointer(completeGrpo({ maxTokens: 256 }))).toBe('/maxTokens');
  expect(pointer(completeGrpo({ maxTokens: 255 }))).toBeUndefined();
  const lora = { rank: 2, alpha: 4, targetModules: ['c_attn' as const] };
  expect(pointer(completePpo({ lora }))).toBe('/lora/targetModules');
  expect(pointer(completePpo({ lora: { ...lora, targetModules: ['q_proj'] } }))).toBeUndefined();
  expect(pointer(completeGrpo({ lora: { ...lora, rank: config.hiddenSize + 1, targetModules: ['q_proj'] } }))).toBe('/lora/rank');
  expect(pointer(completePpo({ lora: { ...lora, targetModules: ['q_proj'], dropout: 0 } }))).toBeUndefined();
  expect(pointer(completePpo({ lora: { ...lora, targetModules: ['q_proj'], dropout: 0.1 } }))).toBe('/lora/dropout');
});

test('what does not fit together', () => {
  expect(pointer(completePpo({ promptsPerStep: 4, miniBatches: 5 }))).toBe('/miniBatches');
  expect(pointer(completePpo({ klControl: 'adaptive', beta: 0 }))).toBe('/beta');
  expect(pointer(completePpo({ klControl: 'fixed', beta: 0 }))).toBeUndefined();
  expect(pointer(completePpo({ klControl: 'adaptive', promptsPerStep: 10, groupSize: 5, klHorizon: 10 }))).toBe('/klHorizon');
  expect(pointer(completePpo({ promptsPerStep: 1, groupSize: 1 }))).toBe('/promptsPerStep');
});
