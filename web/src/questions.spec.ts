import { expect, test } from 'vitest';
import { nameOf } from './names.js';
import { isComplete, nextOpen, questionsOf, submissionOf } from './questions.js';
import type { Criterion, Task } from './task.js';

const criterion = { name: 'helpfulness', instructions: '', scale: [{ value: -1, label: 'bad' }, { value: 2, label: 'good' }], dimensions: null } as unknown as Criterion;
const honest = { ...criterion, dimensions: [{ name: 'helpful', weight: 1 }, { name: 'honest', weight: 2 }] } as unknown as Criterion;
const task = (mode: Task['mode'], ...ids: string[]) => ({ mode, completions: ids.map((id) => ({ id, text: id })) }) as Task;
const extras = { remarks: { 0: { rationale: '  ', flags: ['unsafe'] } }, timeSpentMs: 1500 };

test('rating asks for a level per completion, or per dimension of each, and sends the levels as scores', () => {
  const one = task('rate', 'a');
  expect(questionsOf(one, criterion).map(({ legend }) => legend)).toEqual(['helpfulness']);
  expect(submissionOf(one, criterion, { 0: 1 }, extras)).toEqual({ scores: [{ completionId: 'a', score: 2, rationale: undefined, flags: ['unsafe'] }], timeSpentMs: 1500 });
  const two = task('rate-side-by-side', 'a', 'b');
  expect(questionsOf(two, honest).map(({ key }) => key)).toEqual(['0/helpful', '0/honest', '1/helpful', '1/honest']);
  const answers = { '0/helpful': 0, '0/honest': 1, '1/helpful': 1, '1/honest': 1 };
  const remarks = { 1: { rationale: 'b lies', flags: ['unsafe'] } };
  expect(submissionOf(two, honest, answers, { ...extras, remarks }).scores).toEqual([
    { completionId: 'a', dimensionScores: { helpful: -1, honest: 2 }, flags: [] },
    { completionId: 'b', dimensionScores: { helpful: 2, honest: 2 }, rationale: 'b lies', flags: ['unsafe'] },
  ]);
});

test('ranking sends groups, best first, with ties together and empty places closed', () => {
  const three = task('rank', 'a', 'b', 'c');
  expect(questionsOf(three, criterion)).toHaveLength(3);
  const remarks = { whole: { rationale: 'b is right', flags: ['prompt_unclear'] } };
  const sent = submissionOf(three, criterion, { 0: 2, 1: 0, 2: 2 }, { ...extras, remarks });
  expect(sent).toEqual({ ranking: [['b'], ['a', 'c']], rationale: 'b is right', flags: ['prompt_unclear'], timeSpentMs: 1500 });
});

test('comparing sends the better one, or null', () => {
  const two = task('compare', 'a', 'b');
  expect([0, 1, 2].map((better) => submissionOf(two, criterion, { better }, extras).comparison)).toEqual([
    { preferredCompletionId: 'a' },
    { preferredCompletionId: 'b' },
    { preferredCompletionId: null },
  ]);
});

test('a task is complete when all its questions are; the next open one is found around the corner', () => {
  const questions = questionsOf(task('rank', 'a', 'b', 'c'), criterion);
  expect(isComplete(questions, { 0: 0, 2: 1 })).toBe(false);
  expect(isComplete(questions, { 0: 0, 1: 0, 2: 1 })).toBe(true);
  expect(nextOpen(questions, { 1: 0, 2: 1 }, 2)).toBe(0);
  expect(nextOpen(questions, { 0: 0, 1: 0, 2: 1 }, 1)).toBe(1);
});

test('completions are named by letters, as many as there are', () => {
  expect([0, 25, 26, 51, 52].map(nameOf)).toEqual(['A', 'Z', 'AA', 'AZ', 'BA']);
});
