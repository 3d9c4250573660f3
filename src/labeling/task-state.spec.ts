import { expect, test } from 'vitest';
import { nextTaskState, taskActions, taskStates, taskTransitions } from './task-state.js';

test('every state is reached from `available`', () => {
  const reached = new Set(['available']);
  for (const state of taskStates) {
    for (const next of Object.values(taskTransitions[state])) if (reached.has(state)) reached.add(next);
  }
  expect([...reached].sort()).toEqual([...taskStates].sort());
});

test('only a leased task takes what a labeler does, and what has ended stays ended', () => {
  for (const state of taskStates) {
    const allowed = taskActions.filter((action) => nextTaskState(state, action));
    if (state === 'leased') expect(allowed).toEqual(['heartbeat', 'submit', 'release', 'skip', 'expire', 'close']);
    else if (state === 'available') expect(allowed).toEqual(['claim', 'close']);
    else expect(allowed).toEqual([]);
  }
});
