/** Settings of checkpoints that ask for what cannot be: told before anything is computed. */
import { unprocessable } from '#src/common/problem.js';
import { isRecorded, type TrainingMethod } from '../methods/training-methods.js';
import type { CheckpointSettings } from '#src/rl/checkpoints.js';

/**
 * @param steps of the run; null where only its data tells
 * @throws ProblemException 422 `hyperparameters_impossible`
 */
export function requirePossibleCheckpoints({ checkpointEvery, evaluateEvery, keep }: CheckpointSettings, steps: number | null, method: TrainingMethod): void {
  const refuse = (name: string, rule: string, message: string, value: unknown) =>
    unprocessable('hyperparameters_impossible', `/hyperparameters/${name}`, rule, message, value);
  const never = (every: number | null): boolean => every !== null && steps !== null && every > steps;
  if (never(checkpointEvery)) throw refuse('checkpointEvery', 'max', `the run has ${steps} steps, and keeps the weights of the last one anyway`, checkpointEvery);
  if (never(evaluateEvery)) throw refuse('evaluateEvery', 'max', `the run has ${steps} steps`, evaluateEvery);
  if (keep === 'best' && evaluateEvery === null && !isRecorded(method)) {
    throw refuse('evaluateEvery', 'required', 'the best weights can only be told by evaluations along the way', evaluateEvery);
  }
}
