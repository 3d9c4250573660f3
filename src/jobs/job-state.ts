// The life of a job as one table: what is not in it cannot happen.

export const jobStates = [
  'queued',
  'running',
  'pausing',
  'paused',
  'cancelling',
  'succeeded',
  'failed',
  'cancelled',
] as const;
export type JobState = (typeof jobStates)[number];

/**
 * - `claim`: a worker takes the job
 * - `stop`: its handler obeyed a cancellation or a pause
 * - `release`: its worker shut down, died, or met an error that may pass
 */
export const jobActions = ['claim', 'succeed', 'fail', 'stop', 'release', 'cancel', 'pause', 'resume', 'retry'] as const;
export type JobAction = (typeof jobActions)[number];

type Transitions = Readonly<Record<JobState, Readonly<Partial<Record<JobAction, JobState>>>>>;

export const transitions: Transitions = Object.freeze({
  queued: Object.freeze({ claim: 'running', cancel: 'cancelled', pause: 'paused' }),
  running: Object.freeze({
    succeed: 'succeeded',
    fail: 'failed',
    release: 'queued',
    cancel: 'cancelling',
    pause: 'pausing',
  }),
  pausing: Object.freeze({
    stop: 'paused',
    release: 'paused',
    succeed: 'succeeded',
    fail: 'failed',
    cancel: 'cancelling',
  }),
  paused: Object.freeze({ resume: 'queued', cancel: 'cancelled' }),
  // A job in `cancelling` ends however its handler ends; only an existing result is kept.
  cancelling: Object.freeze({
    stop: 'cancelled',
    release: 'cancelled',
    fail: 'cancelled',
    succeed: 'succeeded',
    cancel: 'cancelling',
  }),
  succeeded: Object.freeze({}),
  failed: Object.freeze({ retry: 'queued' }),
  cancelled: Object.freeze({ retry: 'queued' }),
});

export function terminal(state: JobState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}

/** States in which some worker holds the lease. */
export const leasedStates: readonly JobState[] = ['running', 'pausing', 'cancelling'];

/** The state after `action`, or undefined when `state` does not allow it. */
export function next(state: JobState, action: JobAction): JobState | undefined {
  return transitions[state][action];
}
