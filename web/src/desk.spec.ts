import { expect, test } from 'vitest';
import { emptyDesk, nextDesk, type Desk, type DeskEvent } from './desk.js';
import type { Task } from './task.js';

const task = (id: string) => ({ id }) as Task;
const after = (desk: Desk, ...events: DeskEvent[]) => events.reduce(nextDesk, desk);
const two = after(emptyDesk, { type: 'claimed', tasks: [task('a'), task('b')], at: 5 });

test('claimed tasks wait behind the one in hand, and none lies there twice', () => {
  const desk = after(two, { type: 'claimed', tasks: [task('b'), task('c')], at: 9 });
  expect(desk.tasks.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  expect(desk.shownAt).toBe(5);
  expect(desk.empty).toBe(false);
});

test('a task that was sent makes place for the next, with a blank draft', () => {
  const desk = after(two, { type: 'chose', key: 'q', option: 2, question: 0 }, { type: 'sent', at: 7 });
  expect(desk).toMatchObject({ done: 1, shownAt: 7, draft: { answers: {} }, last: { task: { id: 'a' }, draft: { answers: { q: 2 } } } });
  expect(desk.tasks.map(({ id }) => id)).toEqual(['b']);
});

test('undo brings the last task back with its answers; sending it again is a correction and counts once', () => {
  const sent = after(two, { type: 'chose', key: 'q', option: 2, question: 0 }, { type: 'sent', at: 7 });
  const undone = after(sent, { type: 'undone', at: 8 });
  expect(undone.tasks.map(({ id }) => id)).toEqual(['a', 'b']);
  expect(undone).toMatchObject({ correcting: true, draft: { answers: { q: 2 } } });
  const corrected = after(undone, { type: 'chose', key: 'q', option: 0, question: 0 }, { type: 'sent', at: 9 });
  expect(corrected).toMatchObject({ done: 1, correcting: false, last: { draft: { answers: { q: 0 } } } });
});

test('what was skipped or lost cannot be undone; what failed stays in hand with its answers', () => {
  const chosen = after(two, { type: 'chose', key: 'q', option: 1, question: 0 });
  expect(after(chosen, { type: 'sent', at: 6 }, { type: 'skipped', at: 7 }, { type: 'undone', at: 8 }).correcting).toBe(false);
  expect(after(chosen, { type: 'lost', why: 'the lease ran out', at: 6 })).toMatchObject({ tasks: [{ id: 'b' }], draft: { answers: {} } });
  expect(after(chosen, { type: 'asked' }, { type: 'failed', why: 'no connection' })).toMatchObject({ busy: false, draft: { answers: { q: 1 } } });
});

test('remarks are kept by what they are about', () => {
  const said = after(
    two,
    { type: 'flagged', of: '1', flag: 'unsafe', on: true },
    { type: 'wrote', of: '1', rationale: 'no' },
    { type: 'flagged', of: '0', flag: 'unsafe', on: true },
    { type: 'flagged', of: '0', flag: 'unsafe', on: false },
  );
  expect(said.draft.remarks).toEqual({ 0: { rationale: '', flags: [] }, 1: { rationale: 'no', flags: ['unsafe'] } });
  expect(after(said, { type: 'sent', at: 9 }).draft.remarks).toEqual({});
});
