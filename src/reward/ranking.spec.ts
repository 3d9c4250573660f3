import { expect, test } from 'vitest';
import { rankCompletions } from './ranking.js';

test('best first within each prompt, equal scores share a rank', () => {
  const scored = [
    { completionId: 'a', promptId: 'p', score: 1 },
    { completionId: 'b', promptId: 'q', score: 9 },
    { completionId: 'c', promptId: 'p', score: 3 },
    { completionId: 'd', promptId: 'p', score: 1 },
    { completionId: 'e', promptId: 'p', score: -5 },
  ];
  const ranked = rankCompletions(scored, { mean: 1, deviation: 2 });
  expect(ranked.map(({ completionId, rank, normalizedScore }) => [completionId, rank, normalizedScore])).toEqual([
    ['c', 1, 1],
    ['a', 2, 0],
    ['d', 2, 0],
    ['e', 4, -3],
    ['b', 1, 4],
  ]);
});

test('without any spread the normalized score is 0', () => {
  expect(rankCompletions([{ completionId: 'a', promptId: 'p', score: 5 }], { mean: 5, deviation: 0 })[0].normalizedScore).toBe(0);
});
