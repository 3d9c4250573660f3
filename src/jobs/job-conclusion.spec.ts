import { expect, test } from 'vitest';
import { conflict, notFound, ProblemException } from '#src/common/problem.js';
import { conclude, concludeSilence, type Standing } from './job-conclusion.js';
import { JobFailure } from './job-failure.js';
import { JobCancelledError, WorkerShutdownError } from './job-handler.js';
import { leasedStates, next } from './job-state.js';

const standing: Standing = { state: 'running', attempt: 1, maxAttempts: 3, reason: undefined };
const thrown = (error: unknown) => ({ ok: false, error }) as const;

test('a result names what it made', () => {
  const resultRef = { type: 'pair-set', id: 'x' };
  expect(conclude({ ok: true, outcome: { resultRef } }, standing).set).toEqual({ resultType: 'pair-set', resultId: 'x' });
  expect(conclude({ ok: true, outcome: undefined }, standing)).toEqual({ action: 'succeed', event: 'succeeded', set: {} });
});

test('an unforeseen error is tried again, the last one fails the job', () => {
  const error = thrown(new Error('connection reset'));
  expect(conclude(error, standing)).toMatchObject({ action: 'release', set: { error: { code: 'internal_error' } } });
  expect(conclude(error, { ...standing, attempt: 3 })).toMatchObject({
    action: 'fail',
    set: { error: { code: 'internal_error', detail: 'connection reset' } },
  });
});

test('what another attempt cannot mend fails at once', () => {
  const failure = conclude(thrown(new JobFailure('no_pairs', 'nothing was rated')), standing);
  expect(failure).toMatchObject({ action: 'fail', set: { error: { code: 'no_pairs', detail: 'nothing was rated' } } });
  expect(conclude(thrown(notFound('pair_set', 'x')), standing)).toMatchObject({
    action: 'fail',
    set: { error: { code: 'pair_set_not_found' } },
  });
  const unavailable = new ProblemException({ status: 503, code: 'unavailable', title: 'Not ready' });
  expect(conclude(thrown(unavailable), standing).action).toBe('release');
});

test('what a job needs is away: it goes back to its queue, as often as it takes, and says why', () => {
  const away = new ProblemException({ status: 503, code: 'artifact_store_unavailable', title: 'Temporarily unavailable' });
  expect(conclude(thrown(away), { ...standing, attempt: 3 })).toMatchObject({
    action: 'release',
    event: 'released',
    set: { attempt: 2, error: { code: 'artifact_store_unavailable' } },
  });
});

test('a shutdown gives the job back and does not count as an attempt', () => {
  const reason = new WorkerShutdownError('shutdown');
  expect(conclude(thrown(reason), { ...standing, attempt: 3, reason })).toMatchObject({
    action: 'release',
    set: { attempt: 2 },
  });
});

test('a cancelled job ends cancelled, however its handler left', () => {
  const cancelling: Standing = { ...standing, state: 'cancelling', reason: new JobCancelledError('cancelled') };
  for (const error of [cancelling.reason, new Error('odd'), new JobFailure('no_pairs', '')]) {
    expect(conclude(thrown(error), cancelling)).toMatchObject({ action: 'stop', event: 'cancelled' });
  }
});

test('a silent worker: again while attempts are left, then worker_lost', () => {
  expect(concludeSilence(standing)).toMatchObject({ action: 'release', event: 'recovered' });
  expect(concludeSilence({ ...standing, attempt: 3 })).toMatchObject({ action: 'fail', set: { error: { code: 'worker_lost' } } });
  expect(concludeSilence({ ...standing, state: 'cancelling' })).toMatchObject({ event: 'cancelled' });
});

test('every conclusion is allowed by the table', () => {
  for (const state of leasedStates) {
    for (const result of [{ ok: true, outcome: undefined } as const, thrown(new Error('x')), thrown(new JobFailure('a', 'b'))]) {
      expect(next(state, conclude(result, { ...standing, state }).action), state).toBeDefined();
    }
    expect(next(state, concludeSilence({ ...standing, state }).action), state).toBeDefined();
    expect(next(state, concludeSilence({ ...standing, state, attempt: 3 }).action), state).toBeDefined();
  }
});

test('the words of others are kept without what the database refuses, and never with half a character', () => {
  const hostile = `endpoint answered 400: a\0b \ud83d ${'😀'.repeat(3000)}`;
  for (const error of [new Error(hostile), new JobFailure('endpoint_refused', hostile), conflict('x', hostile)]) {
    const { set } = conclude({ ok: false, error }, { ...standing, attempt: 3, maxAttempts: 3 });
    expect(set.error!.detail).not.toMatch(/[\0\p{Surrogate}]/u);
    expect(set.error!.detail).toContain('a\ufffdb \ufffd 😀');
    expect(set.error!.detail!.length).toBeLessThanOrEqual(2000);
  }
});
