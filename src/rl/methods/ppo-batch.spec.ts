import { expect, test } from 'vitest';
import { floats } from '#src/nn/tensor.js';
import { miniBatch, shuffledParts, type PpoGroup } from './ppo-batch.js';

test('groups are dealt out in a seeded order, each once, as evenly as can be', () => {
  const groups = Array.from({ length: 7 }, (_, g) => g);
  const parts = shuffledParts(groups, 3, 'seed');
  expect(parts.map(({ length }) => length)).toEqual([2, 2, 3]);
  expect(parts.flat().sort()).toEqual(groups);
  expect(shuffledParts(groups, 3, 'seed')).toEqual(parts);
  expect(shuffledParts(groups, 3, 'other')).not.toEqual(parts);
  expect(shuffledParts([1, 2], 5, 'seed')).toHaveLength(2);
});

test('facts of tokens lie where their tokens do, in one part or several', () => {
  const group = (promptIds: number[], lengths: number[], start: number): PpoGroup => ({
    promptIds,
    completions: lengths.map((length, c) => ({ tokenIds: Array.from({ length }, () => 7), advantage: 0, masked: c === 1 })),
    facts: lengths.map((length, c) => {
      const values = Array.from({ length }, (_, t) => start + 10 * c + t);
      return { logProbs: values, values, advantages: values, returns: values };
    }),
  });
  const groups = [group([1, 2], [2, 1], 100), group([3], [3], 200)];
  const real = (of: Record<string, Parameters<typeof floats>[0]>, name: string) => [...floats(of[name])].filter((value) => value !== 0);
  const whole = miniBatch(groups, null, 0);
  expect(whole.policy).toHaveLength(1);
  expect(real(whole.policy[0].feeds, 'advantages')).toEqual([100, 101, 110, 200, 201, 202]);
  expect(real(whole.value[0].feeds, 'returns')).toEqual([100, 101, 110, 200, 201, 202]);
  // The second completion is masked: five tokens count.
  expect(real(whole.policy[0].feeds, 'weights')).toEqual([0.2, 0.2, 0.2, 0.2, 0.2].map(Math.fround));
  const parts = miniBatch(groups, 5, 0);
  expect(parts.policy.map(({ feeds }) => real(feeds, 'oldLogProbs'))).toEqual([[100, 101, 110], [200, 201, 202]]);
  expect(parts.value.map(({ feeds }) => real(feeds, 'weights').length)).toEqual([2, 3]);
});
