import { expect, test } from 'vitest';
import { shapedReward } from './rollouts.js';

const shaping = { lengthPenalty: 0.5, missingEosPenalty: 2, maxTokens: 10 };

test('length costs in proportion, a missing end at once', () => {
  expect(shapedReward({ score: 3, tokenIds: { length: 4 }, finishReason: 'stop' }, shaping)).toBeCloseTo(2.8, 12);
  expect(shapedReward({ score: 3, tokenIds: { length: 10 }, finishReason: 'length' }, shaping)).toBeCloseTo(0.5, 12);
});

test('without penalties the score is the reward', () => {
  const none = { ...shaping, lengthPenalty: 0, missingEosPenalty: 0 };
  expect(shapedReward({ score: -1.25, tokenIds: { length: 10 }, finishReason: 'length' }, none)).toBe(-1.25);
});
