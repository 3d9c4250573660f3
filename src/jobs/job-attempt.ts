import { setImmediate as turn } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { cut } from '#src/common/text.js';
import type { Database, Transaction } from '#src/database/database.js';
import { JobCancelledError, JobPausedError, LeaseLostError, type JobContext, type JobLogLevel } from './job-handler.js';
import type { JobLeasesRepository, ProgressUpdate } from './job-leases.repository.js';
import type { JobRecordsRepository } from './job-records.repository.js';
import type { JobSignals } from './job-signals.js';
import type { LeaseKeeper } from './lease-keeper.js';
import type { JobState } from './job-state.js';
import type { Job } from './job.entity.js';
import type { JobsRepository } from './jobs.repository.js';
import { LatestWriter } from './latest-writer.js';

/**
 * Estimates the seconds left from the pace since the first report. The first value is the base, not zero,
 * because a job that resumes reports where it stands before it has done anything.
 */
export class ProgressMeter {
  private base: { completed: number; at: number } | undefined;

  /** @param now milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {}

  reset(): void {
    this.base = undefined;
  }

  /** Seconds left; null while unknown. */
  eta(completed: number, total: number | null): number | null {
    const at = this.now();
    if (!this.base || completed < this.base.completed) this.base = { completed, at };
    const done = completed - this.base.completed;
    if (total === null || done <= 0) return null;
    const left = Math.max(0, total - completed);
    return Math.round(((at - this.base.at) / done) * left) / 1000;
  }
}

export interface AttemptParts {
  database: Database;
  jobs: JobsRepository;
  leases: JobLeasesRepository;
  records: JobRecordsRepository;
  signals: JobSignals;
  keeper: LeaseKeeper;
}

const progressIntervalMs = 250;

/** One attempt at one job: renews its lease and is the handler's interface to the system. */
export class JobAttempt implements JobContext {
  readonly jobId: string;
  readonly attempt: number;
  private readonly logger: Logger;
  private readonly controller = new AbortController();
  private readonly abandonment = new AbortController();
  private readonly meter = new ProgressMeter();
  private readonly writer: LatestWriter<ProgressUpdate>;
  private readonly stops: (() => void)[] = [];
  private current: ProgressUpdate = { phase: null, completed: 0, total: null, unit: null, etaSeconds: null };
  private logging: Promise<void> = Promise.resolve();
  private countedAnew = false;

  constructor(
    readonly job: Job,
    readonly leaseOwner: string,
    private readonly parts: AttemptParts,
  ) {
    this.jobId = job.id;
    this.attempt = job.attempt;
    this.logger = new Logger(`Job ${job.type} ${job.id}`);
    this.writer = new LatestWriter((progress) => {
      return this.heed(parts.leases.saveProgress(job.id, leaseOwner, progress));
    }, progressIntervalMs);
    const renew = () => void this.heed(parts.leases.renew(job.id, leaseOwner));
    const heartbeat = setInterval(renew, parts.leases.leaseMs / 3);
    this.stops.push(parts.signals.onStop(job.id, renew), () => clearInterval(heartbeat));
    // The heartbeat also detects cancellation and loss; the keeper thread renews the lease while the event loop is blocked.
    parts.keeper.hold(job.id, leaseOwner);
    this.stops.push(() => parts.keeper.letGo(job.id, leaseOwner));
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get abandoned(): AbortSignal {
    return this.abandonment.signal;
  }

  abort(reason: Error): void {
    this.controller.abort(reason);
    if (reason instanceof JobCancelledError || reason instanceof LeaseLostError) this.abandonment.abort(reason);
  }

  async progress(completed: number, total: number | null, unit?: string): Promise<void> {
    const etaSeconds = this.meter.eta(completed, total);
    this.current = { ...this.current, completed, total, unit: unit ?? this.current.unit, etaSeconds };
    this.writer.put(this.current);
    await turn();
  }

  phase(name: string): void {
    this.meter.reset();
    this.current = { phase: name, completed: 0, total: null, unit: null, etaSeconds: null };
    this.writer.put(this.current);
  }

  log(level: JobLogLevel, message: string): void {
    this.logger[level === 'info' ? 'log' : level](message);
    // A chain keeps the lines in order.
    this.logging = this.logging
      .then(() => this.parts.records.addLog(this.jobId, level, cut(message, 10_000)))
      .catch((error: Error) => this.logger.warn(`a log line was not stored: ${error.message}`));
  }

  metrics(step: number, values: Record<string, number>): Promise<void> {
    return this.parts.records.putMetrics(this.jobId, this.leaseOwner, step, values);
  }

  async kept(): Promise<void> {
    if (this.countedAnew) return;
    await this.parts.leases.countAttemptsAnew(this.jobId, this.leaseOwner);
    this.countedAnew = true;
  }

  commit<R>(work: (tx: Transaction) => Promise<R>): Promise<R> {
    return this.parts.database.transaction(async (tx) => {
      const held = await this.parts.jobs.lockOwned(tx, this.jobId, this.leaseOwner);
      if (!held) throw new LeaseLostError(`job ${this.jobId} has lost its lease`);
      return work(tx);
    });
  }

  /** Writes out what is waiting. The lease is still renewed until `end`. */
  async flush(): Promise<void> {
    await Promise.all([this.writer.flush(), this.logging]);
  }

  end(): void {
    for (const stop of this.stops) stop();
  }

  /** Draws the consequences of a renewal; an error in it is left for the next one to mend. */
  private async heed(renewal: Promise<JobState | undefined>): Promise<void> {
    try {
      const state = await renewal;
      if (state === undefined) this.abort(new LeaseLostError(`job ${this.jobId} has lost its lease`));
      else if (state === 'cancelling') this.abort(new JobCancelledError('the job was cancelled'));
      else if (state === 'pausing') this.abort(new JobPausedError('the job was paused'));
    } catch (error) {
      this.logger.warn(`the lease was not renewed: ${(error as Error).message}`);
    }
  }
}
