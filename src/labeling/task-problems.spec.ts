import { expect, test } from 'vitest';
import { correctionProblem, taskProblem, type TaskStanding } from './task-problems.js';
import { taskStates, type TaskState } from './task-state.js';

const task = (state: TaskState, fields: Partial<TaskStanding> = {}): TaskStanding => ({ id: 't', state, labelerId: 'ann', vendorId: null, batchState: 'open', ...fields });
const code = (state: TaskState, labeler?: string) => taskProblem(task(state), 'submit', { vendorId: null, labelerId: labeler })?.init.code;

test('each state has its reason', () => {
  expect(Object.fromEntries(taskStates.map((state) => [state, code(state, 'ann')]))).toEqual({
    available: 'task_not_leased_by_you',
    leased: undefined,
    completed: 'task_already_completed',
    released: 'task_not_leased_by_you',
    skipped: 'task_not_leased_by_you',
    expired: 'task_lease_expired',
    closed: 'labeling_batch_closed',
  });
});

test('another labeler learns nothing but that it is not theirs', () => {
  for (const state of taskStates) expect(code(state, 'ben')).toBe('task_not_leased_by_you');
  expect(code('leased')).toBeUndefined();
});

test('nobody acts for the labelers of another vendor, the owner neither', () => {
  const of = (held: string | null, vendorId: string | null) => taskProblem(task('leased', { vendorId: held }), 'submit', { vendorId })?.init.code;
  expect(of('acme', 'acme')).toBeUndefined();
  expect(of('acme', 'other')).toBe('task_not_leased_by_you');
  expect(of('acme', null)).toBe('task_not_leased_by_you');
  expect(of(null, 'acme')).toBe('task_not_leased_by_you');
});

test('corrections', () => {
  const of = (standing: TaskStanding, labeler?: string) => correctionProblem(standing, { vendorId: null, labelerId: labeler })?.init.code;
  expect(of(task('completed'), 'ann')).toBeUndefined();
  expect(of(task('completed'), 'ben')).toBe('task_not_leased_by_you');
  expect(of(task('leased'), 'ann')).toBe('task_not_completed');
  expect(of(task('completed', { batchState: 'closed' }))).toBe('labeling_batch_closed');
  expect(of(task('completed', { batchState: 'completed' }), 'ann')).toBeUndefined();
  expect(of(task('completed', { batchState: 'completed' }), 'ben')).toBe('task_not_leased_by_you');
});
