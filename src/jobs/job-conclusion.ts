import { describeFailure, type JobError } from './job-failure.js';
import type { JobEventType } from './job.entity.js';
import { LeaseLostError, WorkerShutdownError, type JobOutcome } from './job-handler.js';
import type { JobAction, JobState } from './job-state.js';

export type HandlerResult = { ok: true; outcome: JobOutcome | undefined } | { ok: false; error: unknown };

export interface Conclusion {
  action: JobAction;
  event: JobEventType;
  /** Changed columns beside those that go with the state. */
  set: { error?: JobError; attempt?: number; resultType?: string; resultId?: string };
}

export interface Standing {
  /** Current state of the job; its row is locked. */
  state: JobState;
  attempt: number;
  maxAttempts: number;
  /** Why the attempt's signal was aborted, if it was. */
  reason: unknown;
}

/** The outcome of a job whose handler returned or threw. */
export function conclude(result: HandlerResult, { state, attempt, maxAttempts, reason }: Standing): Conclusion {
  if (result.ok) {
    const ref = result.outcome?.resultRef;
    return { action: 'succeed', event: 'succeeded', set: ref ? { resultType: ref.type, resultId: ref.id } : {} };
  }
  if (state === 'cancelling') return { action: 'stop', event: 'cancelled', set: {} };
  if (state === 'pausing') return { action: 'stop', event: 'paused', set: { attempt: attempt - 1 } };
  // The worker shut down; this attempt does not count.
  if (reason instanceof WorkerShutdownError) return { action: 'release', event: 'released', set: { attempt: attempt - 1 } };
  const { error, retriable, waits } = describeFailure(result.error);
  if (waits) return { action: 'release', event: 'released', set: { error, attempt: attempt - 1 } };
  if (retriable && attempt < maxAttempts) return { action: 'release', event: 'released', set: { error } };
  return { action: 'fail', event: 'failed', set: { error } };
}

/** Nothing may be written for a job whose lease was lost. */
export function isLost(result: HandlerResult): boolean {
  return !result.ok && result.error instanceof LeaseLostError;
}

/** The outcome of a job whose lease expired. */
export function concludeSilence({ state, attempt, maxAttempts }: Omit<Standing, 'reason'>): Conclusion {
  if (state === 'cancelling') return { action: 'release', event: 'cancelled', set: {} };
  if (state === 'pausing') return { action: 'release', event: 'paused', set: {} };
  if (attempt < maxAttempts) return { action: 'release', event: 'recovered', set: {} };
  const detail = `its worker stopped responding ${attempt} times`;
  return { action: 'fail', event: 'failed', set: { error: { code: 'worker_lost', title: 'The worker was lost', detail } } };
}
