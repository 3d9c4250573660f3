import { expect, test } from 'vitest';
import { itemsOf, materialProblem, maximumPerTask, maximumTasks, type Material } from './batch-rules.js';

const material: Material = { completions: 10, prompts: 4, mostPerPrompt: 4, comparablePrompts: 3, pairs: 9 };
const code = (...given: Parameters<typeof materialProblem>) => materialProblem(...given)?.init.code;

test('items by mode', () => {
  expect((['rate', 'rate-side-by-side', 'rank', 'compare'] as const).map((mode) => itemsOf(mode, material))).toEqual([10, 4, 3, 9]);
});

test('what is possible is possible', () => {
  for (const mode of ['rate', 'rate-side-by-side', 'rank', 'compare'] as const) expect(code(mode, 3, material)).toBeUndefined();
});

test('nothing to judge', () => {
  const lonely = { ...material, comparablePrompts: 0, pairs: 0, mostPerPrompt: 1 };
  expect(code('rank', 1, lonely)).toBe('labeling_batch_empty');
  expect(code('compare', 1, lonely)).toBe('labeling_batch_empty');
  expect(code('rate', 1, lonely)).toBeUndefined();
  expect(code('rate', 1, { completions: 0, prompts: 0, mostPerPrompt: 0, comparablePrompts: 0, pairs: 0 })).toBe('labeling_batch_empty');
});

test('too much to judge', () => {
  const wide = { ...material, mostPerPrompt: maximumPerTask + 1 };
  expect(code('rank', 1, wide)).toBe('too_many_completions_per_task');
  expect(code('rate-side-by-side', 1, wide)).toBe('too_many_completions_per_task');
  expect(code('compare', 1, wide)).toBeUndefined();
  expect(code('rate', 1, { ...material, completions: maximumTasks })).toBeUndefined();
  expect(code('rate', 1, { ...material, completions: maximumTasks + 1 })).toBe('too_many_tasks');
  expect(code('rate', 2, { ...material, completions: maximumTasks / 2 + 1 })).toBe('too_many_tasks');
});
