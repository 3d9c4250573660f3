import { ProblemException } from '#src/common/problem.js';
import type { Job } from '#src/jobs/job.entity.js';
import type { LoopError } from './loop.entity.js';

/** What keeps a loop from going on until somebody has looked at it. */
export class LoopFailure extends Error {
  override readonly name = 'LoopFailure';

  constructor(readonly problem: LoopError) {
    super(problem.detail);
  }
}

export function jobFailure({ id, state, error }: Job): LoopFailure {
  if (state === 'cancelled') return new LoopFailure({ code: 'job_cancelled', detail: `job ${id} was cancelled`, jobId: id });
  return new LoopFailure({ code: error?.code ?? 'job_failed', detail: error?.detail ?? `job ${id} failed`, jobId: id });
}

/** Why a loop must fail over this; undefined for what may pass by itself, such as a database that is away. */
export function lastingProblem(error: unknown): LoopError | undefined {
  if (error instanceof LoopFailure) return error.problem;
  if (!(error instanceof ProblemException) || error.init.status >= 500) return undefined;
  const { code, detail, title } = error.init;
  return { code, detail: detail ?? title, jobId: null };
}
