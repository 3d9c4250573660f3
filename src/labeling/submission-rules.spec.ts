import { expect, test } from 'vitest';
import type { LabelingMode } from './labeling-batch.entity.js';
import { readSubmission } from './submission-rules.js';
import type { SubmitTaskDto } from './submissions.dto.js';

const scale = [1, 2, 3].map((value) => ({ value, label: String(value) }));
const asked = (mode: LabelingMode, completionIds: string[]) => ({ mode, completionIds, scale, dimensions: null });
const read = (mode: LabelingMode, ids: string[], dto: SubmitTaskDto) => readSubmission(asked(mode, ids), dto);
const code = (...given: Parameters<typeof read>) => {
  const { refusal } = read(...given);
  return refusal && [refusal.code, refusal.detail.pointer];
};

test('one score', () => {
  const dto = { scores: [{ completionId: 'a', score: 2, rationale: 'ok', flags: ['unsafe'] }], timeSpentMs: 500 };
  expect(read('rate', ['a'], dto).value).toEqual({
    ratings: [
      { completionId: 'a', position: 0, score: 2, dimensionScores: null, timeSpentMs: 500, rationale: 'ok', flags: ['unsafe'], externalId: null },
    ],
    preference: null,
  });
});

test('side by side: each completion once, at its place, time shared where it is not told', () => {
  const scores = [
    { completionId: 'c', score: 3, timeSpentMs: 7 },
    { completionId: 'a', score: 1 },
    { completionId: 'b', score: 1 },
  ];
  const { value } = read('rate-side-by-side', ['b', 'c', 'a'], { scores, timeSpentMs: 100 });
  expect(value!.ratings.map(({ completionId, position, timeSpentMs }) => [completionId, position, timeSpentMs])).toEqual([
    ['c', 1, 7],
    ['a', 2, 33],
    ['b', 0, 33],
  ]);
  expect(code('rate-side-by-side', ['a', 'b'], { scores: scores.slice(1, 2) })).toEqual(['scores_incomplete', '/scores']);
  expect(code('rate-side-by-side', ['a', 'b'], { scores })).toEqual(['completion_not_in_task', '/scores/0/completionId']);
  const twice = [scores[1], { ...scores[1], completionId: 'a' }];
  expect(code('rate-side-by-side', ['a', 'b'], { scores: twice })).toEqual(['completion_scored_twice', '/scores/1/completionId']);
  expect(code('rate', ['a'], { scores: [{ completionId: 'a', score: 9 }] })).toEqual(['score_out_of_scale', '/scores/0/score']);
});

test('what the mode asks for must be there, and nothing else', () => {
  expect(code('rate', ['a'], {})).toEqual(['answer_missing', '/scores']);
  expect(code('rank', ['a', 'b'], { scores: [] })).toEqual(['answer_missing', '/ranking']);
  expect(code('compare', ['a', 'b'], { ranking: [['a'], ['b']] })).toEqual(['answer_missing', '/comparison']);
  const both = { ranking: [['a'], ['b']], comparison: { preferredCompletionId: 'a' } };
  expect(code('rank', ['a', 'b'], both)).toEqual(['answer_not_asked_for', '/comparison']);
  expect(code('rate', ['a'], { scores: [{ completionId: 'a', score: 1 }], ranking: [['a']] })).toEqual(['answer_not_asked_for', '/ranking']);
});

test('a ranking, with ties', () => {
  const { value } = read('rank', ['a', 'b', 'c'], { ranking: [['c'], ['a', 'b']], timeSpentMs: 9, externalId: 'r' });
  expect(value).toEqual({
    ratings: [],
    preference: { kind: 'ranking', groups: [['c'], ['a', 'b']], timeSpentMs: 9, rationale: null, flags: [], externalId: 'r' },
  });
  expect(code('rank', ['a', 'b', 'c'], { ranking: [['c'], ['a']] })).toEqual(['ranking_inconsistent', '/ranking']);
});

test('a comparison is a ranking of two', () => {
  const groups = (preferredCompletionId: string | null) => read('compare', ['a', 'b'], { comparison: { preferredCompletionId } }).value?.preference?.groups;
  expect(groups('b')).toEqual([['b'], ['a']]);
  expect(groups(null)).toEqual([['a', 'b']]);
  expect(code('compare', ['a', 'b'], { comparison: { preferredCompletionId: 'x' } })).toEqual(['completion_not_in_task', '/comparison/preferredCompletionId']);
});

test('scores beside a ranking must follow it', () => {
  const scores = (a: number, b: number) => [
    { completionId: 'a', score: a },
    { completionId: 'b', score: b },
  ];
  expect(read('compare', ['a', 'b'], { comparison: { preferredCompletionId: 'a' }, scores: scores(3, 2) }).value?.ratings).toHaveLength(2);
  expect(code('compare', ['a', 'b'], { comparison: { preferredCompletionId: 'a' }, scores: scores(1, 2) })).toEqual(['score_contradicts_ranking', '/scores']);
  expect(code('rank', ['a', 'b'], { ranking: [['a', 'b']], scores: scores(1, 2) })).toEqual(['score_contradicts_ranking', '/scores']);
  expect(code('rank', ['a', 'b'], { ranking: [['b'], ['a']], scores: scores(1, 2).slice(1) })).toEqual(['scores_incomplete', '/scores']);
});
