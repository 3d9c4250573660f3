import { expect, test } from 'vitest';
import { completeLoop } from './loop-defaults.js';
import type { CreateLoopDto } from './loops.dto.js';

test('a null asks for the default, but for tokens computed at once, where it asks for all', () => {
  const of = (hyperparameters: object) => {
    const dto = { generation: { prompts: 2 }, reward: { hyperparameters }, training: { method: 'grpo', hyperparameters }, judge: { type: 'labelers' } };
    const { reward, training } = completeLoop(dto as unknown as CreateLoopDto);
    expect(training.hyperparameters).toEqual(reward);
    return reward;
  };
  expect(of({ seed: 3, maxSteps: null })).toEqual({ seed: 3 });
  expect(of({ microBatchTokens: null })).toEqual({ microBatchTokens: 0 });
  expect(of({ microBatchTokens: 512 })).toEqual({ microBatchTokens: 512 });
});
