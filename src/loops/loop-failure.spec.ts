import { expect, test } from 'vitest';
import { conflict, unprocessable } from '#src/common/problem.js';
import { jobFailure, lackFound, lackOfJob, lastingProblem } from './loop-failure.js';
import { made } from './stage.js';

const failed = (code: string) => ({ type: 'pair-set.build', state: 'failed', error: { code, title: 'The job cannot be completed', detail: 'no two differ' } }) as const;

test('a job that found too little to learn from lacks something; any other failure is one', () => {
  expect(lackOfJob(failed('no_pairs'))).toEqual({ code: 'no_pairs', detail: 'no two differ' });
  expect(lackOfJob(failed('too_many_pairs'))).toBeUndefined();
  expect(lackOfJob({ ...failed('no_pairs'), type: 'training-run.train' })).toBeUndefined();
  expect(lackOfJob({ ...failed('no_pairs'), state: 'running' })).toBeUndefined();
});

test('a refusal for want of data is an answer, any other is thrown', async () => {
  await expect(lackFound(() => Promise.resolve())).resolves.toBeNull();
  const oneSided = unprocessable('pair_set_one_prompt', '/pairSetId', 'minPrompts', 'pairs of one prompt only');
  await expect(lackFound(() => Promise.reject(oneSided))).resolves.toEqual({ code: 'pair_set_one_prompt', detail: 'pairs of one prompt only' });
  const tooBig = unprocessable('training_does_not_fit', '/hyperparameters', 'memory', 'too big');
  await expect(lackFound(() => Promise.reject(tooBig))).rejects.toBe(tooBig);
});

test('what trying again does not mend fails the loop; what may pass by itself does not', () => {
  expect(lastingProblem(conflict('pair_set_not_ready', 'not built'))).toEqual({ code: 'pair_set_not_ready', detail: 'not built', jobId: null });
  expect(lastingProblem(jobFailure({ id: 'j', ...failed('too_many_pairs') } as never))).toEqual({ code: 'too_many_pairs', detail: 'no two differ', jobId: 'j' });
  expect(lastingProblem(new Error('connection terminated'))).toBeUndefined();
  let missing: unknown;
  try {
    made(null, 'pair set');
  } catch (error) {
    missing = error;
  }
  expect(lastingProblem(missing)).toMatchObject({ code: 'iteration_incomplete', detail: expect.stringContaining('pair set') });
});
