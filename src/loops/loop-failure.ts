import { ProblemException } from '#src/common/problem.js';
import type { Job } from '#src/jobs/job.entity.js';
import type { LoopLack } from './loop-figures.js';
import type { LoopError } from './loop.entity.js';

/** A failure that stops a loop until `resume`. */
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

/**
 * Codes of jobs and refusals that say: this is too little to learn from. Trying again would change nothing and more
 * ratings may, so that a loop holds over them and goes on.
 */
const lacks: ReadonlySet<string> = new Set([
  'no_pairs',
  'no_shared_ratings',
  'pair_set_empty',
  'pair_set_one_prompt',
  'validation_split_too_small',
  'validation_split_empty',
  'nothing_held_out',
  'no_ratings',
  'ratings_one_sided',
  'ratings_one_prompt',
]);

/** The missing data that made a job fail; undefined if it failed for another reason or did not fail. */
export function lackOfJob({ type, state, error }: Pick<Job, 'type' | 'state' | 'error'>): LoopLack | undefined {
  if (type !== 'pair-set.build' && type !== 'reward-model.train') return undefined;
  return state === 'failed' && error !== null && lacks.has(error.code) ? { code: error.code, detail: error.detail ?? error.title } : undefined;
}

/** What `check` found lacking; null when there is enough. @throws whatever else it throws */
export async function lackFound(check: () => Promise<void>): Promise<LoopLack | null> {
  try {
    await check();
    return null;
  } catch (error) {
    if (!(error instanceof ProblemException) || !lacks.has(error.init.code)) throw error;
    const { code, detail, title } = error.init;
    return { code, detail: detail ?? title };
  }
}

/** Why the loop must fail; undefined for transient errors, such as a lost database connection. */
export function lastingProblem(error: unknown): LoopError | undefined {
  if (error instanceof LoopFailure) return error.problem;
  if (!(error instanceof ProblemException) || error.init.status >= 500) return undefined;
  const { code, detail, title } = error.init;
  return { code, detail: detail ?? title, jobId: null };
}
