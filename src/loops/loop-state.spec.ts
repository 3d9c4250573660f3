import { expect, test } from 'vitest';
import {
  loopActions,
  loopOutcomes,
  loopStates,
  loopStatuses,
  loopTransitions,
  nextState,
  nextStatus,
  statusTransitions,
} from './loop-state.js';

function reachable<S extends string>(table: Readonly<Record<S, Readonly<Partial<Record<string, S>>>>>, start: S): Set<S> {
  const seen = new Set<S>([start]);
  for (const state of seen) for (const to of Object.values(table[state]) as S[]) seen.add(to);
  return seen;
}

test('every state of an iteration can be reached from its first, and the end from every state', () => {
  expect(reachable(loopTransitions, 'generate')).toEqual(new Set(loopStates));
  for (const state of loopStates) expect(reachable(loopTransitions, state).has('done'), state).toBe(true);
});

test('every outcome belongs to some state, and only the end has none', () => {
  for (const outcome of loopOutcomes) {
    expect(loopStates.some((state) => nextState(state, outcome) !== undefined), outcome).toBe(true);
  }
  expect(loopStates.filter((state) => Object.keys(loopTransitions[state]).length === 0)).toEqual(['done']);
});

test('nothing is promoted but a winner of a comparison; a new iteration begins only after a decision', () => {
  const before = (wanted: string) =>
    loopStates.flatMap((state) =>
      loopOutcomes.filter((outcome) => nextState(state, outcome) === wanted).map((outcome) => `${state}/${outcome}`),
    );
  expect(before('promote')).toEqual(['awaiting_judgements/won']);
  expect(before('generate')).toEqual(['promote/next_iteration', 'hold/next_iteration']);
  expect(before('done')).toEqual(['promote/last_iteration', 'hold/last_iteration']);
});

test('every status can be reached from running; completed and stopped are final', () => {
  expect(reachable(statusTransitions, 'running')).toEqual(new Set(loopStatuses));
  for (const status of ['completed', 'stopped'] as const) {
    for (const action of loopActions) expect(nextStatus(status, action), `${status} ${action}`).toBeUndefined();
  }
  for (const status of ['running', 'paused', 'failed'] as const) expect(nextStatus(status, 'stop')).toBe('stopped');
});

test('the tables cannot be changed at run time', () => {
  expect([loopTransitions, ...Object.values(loopTransitions)].every(Object.isFrozen)).toBe(true);
  expect([statusTransitions, ...Object.values(statusTransitions)].every(Object.isFrozen)).toBe(true);
});
