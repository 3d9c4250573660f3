import { expect, test } from 'vitest';
import { rankCompletions, ranksWithin } from './ranking.js';

test('best first within each prompt, equal scores share a rank', () => {
  const scored = [
    { completionId: 'a', promptId: 'p', score: 1, memberScores: null },
    { completionId: 'b', promptId: 'q', score: 9, memberScores: null },
    { completionId: 'c', promptId: 'p', score: 3, memberScores: [1, 5] },
    { completionId: 'd', promptId: 'p', score: 1, memberScores: null },
    { completionId: 'e', promptId: 'p', score: -5, memberScores: null },
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
  expect(rankCompletions([{ completionId: 'a', promptId: 'p', score: 5, memberScores: null }], { mean: 5, deviation: 0 })[0].normalizedScore).toBe(0);
});

test('members disagree by the deviation of their scores', () => {
  const ranked = rankCompletions([{ completionId: 'a', promptId: 'p', score: 3, memberScores: [1, 5] }], { mean: 0, deviation: 1 });
  expect(ranked[0].disagreement).toBe(2);
});

test('ranks within groups; what has no score has no rank and takes nobody else\'s', () => {
  const item = (group: string, score: number | null) => ({ group, score });
  expect(ranksWithin([item('a', 1), item('b', 0), item('a', null), item('a', 2), item('a', 1)])).toEqual([2, 1, null, 1, 2]);
});
