import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aggregate, buildPairs, splitOf, type RatingFact } from './pair-rules.js';

const rules = {
  labelerIds: null,
  strategy: 'all' as const,
  pairsPerPrompt: null,
  seed: 7,
  aggregation: 'mean' as const,
  ties: 'drop' as const,
  minimumMargin: 0,
  minimumRatings: 1,
  evalFraction: 0.2,
};

const rating = (completionId: string, score: number, fields: Partial<RatingFact> = {}): RatingFact => ({
  id: `${completionId}=${score}`,
  promptId: 'p',
  promptText: 'p',
  completionId,
  labelerId: 'ann',
  score,
  supersedesId: null,
  ...fields,
});

const outcome = (ratings: RatingFact[], fields: Partial<typeof rules> = {}) =>
  buildPairs(ratings, { ...rules, ...fields }).pairs.map((pair) => `${pair.chosenCompletionId}>${pair.rejectedCompletionId}`).sort();

test('every two completions of a prompt with different scores are a pair, preferred first', () => {
  expect(outcome([rating('a', 1), rating('b', 3), rating('c', 2), rating('d', 9, { promptId: 'q' })])).toEqual(['b>a', 'b>c', 'c>a']);
});

test('ties are dropped, or kept in an order that their seed decides', () => {
  const tied = [rating('a', 2), rating('b', 2)];
  expect(outcome(tied)).toEqual([]);
  const orders = new Set(Array.from({ length: 30 }, (_, seed) => outcome(tied, { ties: 'keep' as 'drop', seed })[0]));
  expect([...orders].sort()).toEqual(['a>b', 'b>a']);
});

test('a margin, a minimum of ratings and a correction each take their ratings out', () => {
  const three = [rating('a', 1), rating('b', 2), rating('c', 4)];
  expect(outcome(three, { minimumMargin: 2 })).toEqual(['c>a', 'c>b']);
  expect(outcome([...three, rating('a', 3), rating('c', 3)], { minimumRatings: 2 })).toEqual(['c>a']);
  expect(outcome([...three, rating('c', 0, { supersedesId: 'c=4' })])).toEqual(['a>c', 'b>a', 'b>c']);
});

test('mean and median differ where one labeler is far off', () => {
  expect(aggregate([1, 1, 7], 'mean')).toBe(3);
  expect(aggregate([1, 1, 7], 'median')).toBe(1);
  expect(aggregate([1, 2, 4, 7], 'median')).toBe(3);
});

test('the majority is what most give, the mean of it where several levels are given most often', () => {
  expect(aggregate([5, 1, 1, 4], 'majority')).toBe(1);
  expect(aggregate([1, 4, 4, 1, 5], 'majority')).toBe(2.5);
  expect(aggregate([2], 'majority')).toBe(2);
});

test('weights draw the mean to those who weigh most', () => {
  expect(aggregate([1, 5], 'reliability-weighted', [3, 1])).toBe(2);
});

test('a sample is part of all pairs and holds no more than was asked for', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 8 }), fc.nat(), fc.integer({ min: 1, max: 6 }), (scores, seed, limit) => {
      const ratings = scores.map((score, i) => rating(`c${i}`, score));
      const all = outcome(ratings, { seed });
      const some = outcome(ratings, { seed, strategy: 'sample' as 'all', pairsPerPrompt: limit as unknown as null });
      expect(some).toHaveLength(Math.min(limit, all.length));
      expect(all).toEqual(expect.arrayContaining(some));
    }),
  );
});

test('about the asked share of prompts is kept for evaluation', () => {
  const sides = Array.from({ length: 4000 }, (_, i) => splitOf(`prompt ${i}`, 1, 0.2));
  expect(sides.filter((side) => side === 'eval').length / 4000).toBeCloseTo(0.2, 1);
  expect(splitOf('prompt 1', 1, 0)).toBe('train');
});

test('votes without a majority are a tie where ties are kept, and leave the pair to the scores where they are dropped', () => {
  const vote = (id: string, ...groups: string[][]) => ({ id, promptId: 'p', promptText: 'p', labelerId: id, groups, supersedesId: null });
  const scores = [rating('a', 1), rating('b', 2)];
  const built = (ties: 'keep' | 'drop', ...preferences: ReturnType<typeof vote>[]) =>
    buildPairs(scores, { ...rules, ties }, undefined, preferences).pairs.map(({ tie, chosenScore, rejectedScore }) => [tie, chosenScore, rejectedScore]);
  for (const split of [[vote('1', ['a', 'b'])], [vote('1', ['a'], ['b']), vote('2', ['b'], ['a'])]]) {
    expect(built('keep', ...split)).toEqual([[true, 0.5, 0.5]]);
    expect(built('drop', ...split)).toEqual([[false, 2, 1]]);
  }
});
