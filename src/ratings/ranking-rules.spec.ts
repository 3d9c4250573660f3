import { expect, test } from 'vitest';
import { contradiction, rankingMistake, ranksOf } from './ranking-rules.js';

test('ranks count groups, ties share one', () => {
  expect([...ranksOf([['a'], ['b', 'c'], ['d']])]).toEqual([
    ['a', 1],
    ['b', 2],
    ['c', 2],
    ['d', 3],
  ]);
});

test('a ranking holds every completion once', () => {
  const mistake = (groups: string[][], of: string[] | null = ['a', 'b', 'c']) => {
    const found = rankingMistake(groups, of);
    return found && [found.code, found.detail.pointer, found.detail.rule];
  };
  expect(mistake([['a'], ['b', 'c']])).toBeUndefined();
  expect(mistake([['a', 'b', 'c']])).toBeUndefined();
  expect(mistake([['x'], ['y']], null)).toBeUndefined();
  expect(mistake([['a'], ['b']])).toEqual(['ranking_inconsistent', '/ranking', 'complete']);
  expect(mistake([['a'], ['b', 'a'], ['c']])).toEqual(['ranking_inconsistent', '/ranking/1/1', 'rankedOnce']);
  expect(mistake([['a'], ['b', 'x'], ['c']])).toEqual(['ranking_inconsistent', '/ranking/1/1', 'ranked']);
  expect(mistake([['a'], [], ['b', 'c']])).toEqual(['ranking_inconsistent', '/ranking/1', 'notEmpty']);
  expect(mistake([['x']], null)).toEqual(['ranking_inconsistent', '/ranking', 'atLeastTwo']);
  expect(mistake([], null)).toEqual(['ranking_inconsistent', '/ranking', 'atLeastTwo']);
});

test('scores follow the ranking', () => {
  const groups = [['a'], ['b', 'c']];
  const found = (scores: Record<string, number>) => contradiction(groups, new Map(Object.entries(scores)))?.code;
  expect(found({ a: 5, b: 2, c: 2 })).toBeUndefined();
  expect(found({ a: 2, b: 2, c: 2 })).toBeUndefined();
  expect(found({ a: 5, b: 2 })).toBeUndefined();
  expect(found({ a: 1, b: 2, c: 2 })).toBe('score_contradicts_ranking');
  expect(found({ a: 5, b: 2, c: 3 })).toBe('score_contradicts_ranking');
});
