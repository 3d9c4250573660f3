import { expect, test } from 'vitest';
import { impossibleLora } from './lora-limits.js';
import type { LoraConfig } from '../model/lora-delta.js';
import { tinyConfig } from '../model/tiny-model.fixture.js';

const lora = (change: Partial<LoraConfig>): LoraConfig => ({ rank: 2, alpha: 4, targetModules: ['q_proj'], ...change });
const pointer = (given: LoraConfig | null) => impossibleLora(tinyConfig, given)?.pointer;

test('factors that fit the model, or none', () => {
  expect(pointer(null)).toBeUndefined();
  expect(pointer(lora({ rank: tinyConfig.hiddenSize }))).toBeUndefined();
  expect(pointer(lora({ targetModules: ['c_attn', 'q_proj'] }))).toBeUndefined();
});

test('maps of another family, and a rank above the width', () => {
  expect(impossibleLora(tinyConfig, lora({ targetModules: ['c_attn'] }))).toMatchObject({
    code: 'lora_target_unknown', pointer: '/targetModules', message: expect.stringContaining('q_proj'), value: ['c_attn'],
  });
  expect(impossibleLora(tinyConfig, lora({ rank: tinyConfig.hiddenSize + 1 }))).toMatchObject({
    code: 'hyperparameters_impossible', pointer: '/rank', message: expect.stringContaining(String(tinyConfig.hiddenSize)),
  });
});
