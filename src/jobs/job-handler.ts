// How a feature handles a job: a provider with `@HandlesJob('pair-set.build')` in its worker module.
// Handlers are idempotent: after a crash the same job runs again from its last checkpoint.
import { Injectable, SetMetadata, applyDecorators } from '@nestjs/common';
import type { Transaction } from '#src/database/database.js';
import type { JobType, PayloadOf } from './job-types.js';

export interface JobHandler<T extends JobType> {
  /**
   * Does the work. Returns when it is done; throws `JobFailure` when it can never be done; any other error
   * is tried again until the attempts are used up. Must stop soon after `context.signal` aborts, by
   * `context.signal.throwIfAborted()` at every step boundary.
   */
  run(payload: PayloadOf<T>, context: JobContext): Promise<void | JobOutcome>;
}

export interface ResultRef {
  type: string;
  id: string;
}

export interface JobOutcome {
  /** Replaces the reference given when the job was enqueued. */
  resultRef?: ResultRef;
}

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type JobLogLevel = (typeof logLevels)[number];

export interface JobContext {
  readonly jobId: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Aborts when the job is cancelled or paused, when its lease is lost, and when the worker shuts down. */
  readonly signal: AbortSignal;
  /**
   * Aborts when what is being done counts for nothing: the job was cancelled or its lease is lost. A handler whose steps
   * are long heeds this one within a step and `signal` between steps, so that a pause does not cost it the step.
   */
  readonly abandoned: AbortSignal;

  /**
   * Tells how far the work is; written at most four times a second, the last value always. Await it between
   * steps: it gives the event loop the turn that lease renewal and cancellation need when steps block it.
   *
   * @param total null: not known
   */
  progress(completed: number, total: number | null, unit?: string): Promise<void>;

  /** Names what is being done now; progress and ETA start again from zero. */
  phase(name: string): void;

  /** A line of the job's log, readable at `GET /jobs/{id}/logs`. */
  log(level: JobLogLevel, message: string): void;

  /** Keeps the metrics of a step; the same step written again replaces them. Not finite becomes null. */
  metrics(step: number, values: Record<string, number>): Promise<void>;

  /**
   * Work that was done is safely kept, and the next attempt goes on from there: attempts are counted anew, so that a
   * long job survives any number of workers as long as each of them gets further.
   */
  kept(): Promise<void>;

  /**
   * Writes results in one transaction that holds the job's row and is refused when the lease was lost, so
   * that a worker that was given up for dead cannot write over its successor.
   *
   * @throws LeaseLostError, which a handler lets pass
   */
  commit<R>(work: (tx: Transaction) => Promise<R>): Promise<R>;
}

/** Stopped by a pause or a shutdown: what is saved now need not be done again. */
export function willComeBack({ signal, abandoned }: Pick<JobContext, 'signal' | 'abandoned'>): boolean {
  return signal.aborted && !abandoned.aborted;
}

/** The lease went to another worker, or the job was ended behind this one's back. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** `signal.reason` when the job was cancelled. */
export class JobCancelledError extends Error {
  override readonly name = 'AbortError';
}

/** `signal.reason` when the job was paused; the handler should save its progress before stopping. */
export class JobPausedError extends Error {
  override readonly name = 'AbortError';
}

/** `signal.reason` when this worker is shutting down; the job goes back to its queue. */
export class WorkerShutdownError extends Error {
  override readonly name = 'AbortError';
}

export const handlesJobKey = 'plumbline:handles-job';

/** Marks the one class that does the jobs of `type`; it becomes injectable. */
export function HandlesJob<T extends JobType>(
  type: T,
): <C extends new (...args: never[]) => JobHandler<T>>(target: C) => void {
  const decorate = applyDecorators(Injectable(), SetMetadata(handlesJobKey, type));
  return (target) => decorate(target);
}
