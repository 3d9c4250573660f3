import { expect, test } from 'vitest';
import { remarkOn, remarkPlaces } from './remarks.js';
import type { Task } from './task.js';

const task = (mode: Task['mode'], ...ids: string[]) => ({ mode, completions: ids.map((id) => ({ id, text: id })) }) as Task;
const places = (mode: Task['mode'], ...ids: string[]) => remarkPlaces(task(mode, ...ids)).map(({ of, flags, why }) => [of, flags.map(({ flag }) => flag), why !== null]);

test('remarks stand with each completion where each is rated, and with the task where they are judged together', () => {
  expect(places('rate', 'a')).toEqual([['0', ['prompt_unclear', 'unsafe'], true]]);
  expect(places('rate-side-by-side', 'a', 'b')).toEqual([
    ['0', ['unsafe'], true],
    ['1', ['unsafe'], true],
    ['whole', ['prompt_unclear'], false],
  ]);
  for (const mode of ['rank', 'compare'] as const) expect(places(mode, 'a', 'b')).toEqual([['whole', ['prompt_unclear', 'unsafe'], true]]);
});

test('no two fields of a task have the same label', () => {
  const labels = remarkPlaces(task('rate-side-by-side', 'a', 'b', 'c')).flatMap(({ flags, why }) => [...flags.map(({ label }) => label), why]);
  expect(new Set(labels).size).toBe(labels.length);
});

test('an unclear prompt is said of every rating; the rest only of what it was said of', () => {
  const remarks = { 1: { rationale: ' bad ', flags: ['unsafe'] }, whole: { rationale: '', flags: ['prompt_unclear'] } };
  expect(remarkOn('0', remarks)).toEqual({ rationale: undefined, flags: ['prompt_unclear'] });
  expect(remarkOn('1', remarks)).toEqual({ rationale: 'bad', flags: ['prompt_unclear', 'unsafe'] });
  expect(remarkOn('whole', remarks)).toEqual({ rationale: undefined, flags: ['prompt_unclear'] });
});
