import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aggregate, buildPairs, splitOf, type PreferenceFact, type RatingFact } from './pair-rules.fixture.js';

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
  const bob = { labelerId: 'bob' };
  expect(outcome([...three, rating('a', 3, bob), rating('c', 3, bob)], { minimumRatings: 2 })).toEqual(['c>a']);
  expect(outcome([...three, rating('c', 0, { supersedesId: 'c=4' })])).toEqual(['a>c', 'b>a', 'b>c']);
});

test('of several ratings by one labeler of one completion the latest counts, and it counts once', () => {
  const twice = [rating('a', 1, { id: '1' }), rating('a', 5, { id: '3' }), rating('b', 4, { id: '2' })];
  expect(outcome(twice)).toEqual(['a>b']);
  expect(outcome([...twice].reverse())).toEqual(['a>b']);
  expect(outcome(twice, { minimumRatings: 2 })).toEqual([]);
  // Two people for b, and one who has said so three times for a.
  const people = [rating('a', 4, { id: '4', labelerId: 'bob' }), rating('b', 5, { id: '5', labelerId: 'bob' })];
  expect(outcome([...twice, rating('a', 1, { id: '6' }), ...people])).toEqual(['b>a']);
});

test('a labeler has one vote on a pair, the latest, whatever else is ranked with it', () => {
  const vote = (id: string, labelerId: string, ...order: string[]): PreferenceFact => ({
    id, promptId: 'p', promptText: 'p', labelerId, groups: order.map((completion) => [completion]), supersedesId: null,
  });
  const decided = (...preferences: PreferenceFact[]) =>
    buildPairs([], rules, { scores: new Map(), votes: new Map([['ann', 1], ['bob', 1]]) }, preferences).pairs.map((pair) => `${pair.chosenCompletionId}>${pair.rejectedCompletionId} ${pair.chosenScore}`).sort();
  const first = [vote('1', 'ann', 'a', 'b'), vote('2', 'ann', 'a', 'b'), vote('3', 'bob', 'b', 'a')];
  expect(decided(...first)).toEqual([]);
  expect(decided(...first, vote('4', 'ann', 'b', 'a', 'c'))).toEqual(['a>c 1', 'b>a 1', 'b>c 1']);
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

const ranking = (labelerId: string, ...groups: string[][]): PreferenceFact => ({ id: `${labelerId} ${groups.join('>')}`, promptId: 'p', promptText: 'p', labelerId, groups, supersedesId: null });
const votes = [ranking('ann', ['a'], ['b']), ranking('bob', ['b'], ['a']), ranking('cyd', ['b'], ['a'])];
const weighing = { scores: new Map([['ann', 4], ['bob', 1], ['cyd', 1]]), votes: new Map([['ann', 6], ['bob', 1], ['cyd', 2]]) };

test('votes count one each, or what their labelers weigh', () => {
  expect(buildPairs([], rules, weighing, votes).pairs).toMatchObject([{ chosenCompletionId: 'b', chosenScore: 2 / 3, rejectedScore: 1 / 3, weight: null }]);
  const weighted = { ...rules, aggregation: 'reliability-weighted' as const };
  expect(buildPairs([], weighted, weighing, votes).pairs).toMatchObject([{ chosenCompletionId: 'a', chosenScore: 6 / 9, rejectedScore: 3 / 9, weight: null }]);
  // How many they are is counted by heads.
  expect(buildPairs([], { ...weighted, minimumRatings: 4 }, weighing, votes).pairs).toEqual([]);
  const even = { ...weighing, votes: new Map([['ann', 3], ['bob', 1], ['cyd', 2]]) };
  expect(buildPairs([], weighted, even, votes).pairs).toEqual([]);
});

test('a pair weighs as much as the judgements behind it are reliable together', () => {
  const weighed = { ...rules, pairWeights: 'reliability' as const };
  expect(buildPairs([], weighed, weighing, votes).pairs).toMatchObject([{ weight: 9 / 10 }]);
  const scores = [rating('a', 1), rating('b', 2, { labelerId: 'bob' }), rating('b', 3, { labelerId: 'cyd' })];
  // Noise 1/4 and 1/2 beside the signal of two scores.
  expect(buildPairs(scores, weighed, weighing).pairs).toMatchObject([{ chosenCompletionId: 'b', weight: 2 / 2.75 }]);
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
