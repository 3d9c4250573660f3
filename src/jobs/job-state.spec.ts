import { expect, test } from 'vitest';
import { jobActions, jobStates, leasedStates, next, terminal, transitions, type JobState } from './job-state.js';

function reachableFrom(start: JobState): Set<JobState> {
  const seen = new Set<JobState>([start]);
  for (const state of seen) for (const to of Object.values(transitions[state])) seen.add(to);
  return seen;
}

test('every state can be reached from queued', () => {
  expect(reachableFrom('queued')).toEqual(new Set(jobStates));
});

test('from every state a terminal one can be reached', () => {
  for (const state of jobStates) expect([...reachableFrom(state)].some(terminal), state).toBe(true);
});

test('nothing leaves a terminal state but a retry, and success is final', () => {
  for (const state of jobStates.filter(terminal)) {
    for (const action of jobActions.filter((a) => a !== 'retry')) {
      expect(next(state, action), `${state} ${action}`).toBeUndefined();
    }
  }
  expect(next('succeeded', 'retry')).toBeUndefined();
  expect(next('failed', 'retry')).toBe('queued');
  expect(next('cancelled', 'retry')).toBe('queued');
});

test('a lease can always be given up, and nobody claims what is leased', () => {
  for (const state of leasedStates) {
    expect(next(state, 'release'), state).toBeDefined();
    expect(next(state, 'claim'), state).toBeUndefined();
  }
});

test('the table cannot be changed at run time', () => {
  expect(Object.isFrozen(transitions)).toBe(true);
  expect(jobStates.every((state) => Object.isFrozen(transitions[state]))).toBe(true);
});
