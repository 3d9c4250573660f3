import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Injectable, Logger } from '@nestjs/common';
import { logContext } from '#src/common/log-context.js';
import { Database } from '#src/database/database.js';
import type { Handlers } from './handler-registry.js';
import { JobAttempt } from './job-attempt.js';
import { conclude, isLost, type HandlerResult } from './job-conclusion.js';
import { WorkerShutdownError } from './job-handler.js';
import { JobLeasesRepository } from './job-leases.repository.js';
import { JobRecordsRepository } from './job-records.repository.js';
import { JobSignals } from './job-signals.js';
import { checkPayload } from './job-types.js';
import type { Job } from './job.entity.js';
import { LeaseKeeper } from './lease-keeper.js';
import { JobsRepository } from './jobs.repository.js';

interface Running {
  attempt: JobAttempt;
  /** Stops waiting for a handler that does not obey its signal. */
  abandon: () => void;
  done: Promise<void>;
}

/** Claims a job, runs its handler and records the outcome; independent of the queue. */
@Injectable()
export class JobRunner {
  private readonly logger = new Logger('Jobs');
  private readonly running = new Set<Running>();
  private closing = false;

  constructor(
    private readonly database: Database,
    private readonly jobs: JobsRepository,
    private readonly leases: JobLeasesRepository,
    private readonly records: JobRecordsRepository,
    private readonly signals: JobSignals,
    private readonly keeper: LeaseKeeper,
  ) {}

  /** Returns when this process is through with the job, also when it was never this process's to do. */
  async run(jobId: string, handlers: Handlers): Promise<void> {
    const leaseOwner = `${hostname()}/${process.pid}/${randomUUID()}`;
    const job = await this.leases.claim(jobId, leaseOwner);
    if (!job) return;
    // Every line that is written for the job carries its id.
    await logContext.run({ jobId, jobType: job.type }, () => this.attempt(job, leaseOwner, handlers));
  }

  private async attempt(job: Job, leaseOwner: string, handlers: Handlers): Promise<void> {
    const { database, jobs, leases, records, signals, keeper } = this;
    const attempt = new JobAttempt(job, leaseOwner, { database, jobs, leases, records, signals, keeper });
    // Taken at the last moment: goes straight back.
    if (this.closing) attempt.abort(new WorkerShutdownError('this worker is shutting down'));

    let abandon!: () => void;
    const abandoned = new Promise<HandlerResult>((resolve) => {
      abandon = () => resolve({ ok: false, error: attempt.signal.reason });
    });
    const done = Promise.race([this.handle(attempt, handlers), abandoned]).then((result) => this.finish(attempt, result));
    const running: Running = { attempt, abandon, done };
    this.running.add(running);
    await done.finally(() => this.running.delete(running));
  }

  /** Stops every handler and returns its job to the queue; a handler that does not stop is abandoned. */
  async shutdown(graceMs: number): Promise<void> {
    this.closing = true;
    const reason = new WorkerShutdownError('this worker is shutting down');
    for (const { attempt } of this.running) attempt.abort(reason);
    const timer = setTimeout(() => this.running.forEach(({ abandon }) => abandon()), graceMs);
    await Promise.allSettled([...this.running].map(({ done }) => done));
    clearTimeout(timer);
  }

  private async handle(attempt: JobAttempt, handlers: Handlers): Promise<HandlerResult> {
    const { type, payload } = attempt.job;
    try {
      attempt.signal.throwIfAborted();
      const outcome = await handlers.get(type)!.run(checkPayload(type, payload), attempt);
      return { ok: true, outcome: outcome ?? undefined };
    } catch (error) {
      return { ok: false, error };
    }
  }

  private async finish(attempt: JobAttempt, result: HandlerResult): Promise<void> {
    const { jobId, leaseOwner, signal } = attempt;
    try {
      if (!result.ok && !signal.aborted) this.logger.warn(`job ${jobId}: ${stackOf(result.error)}`);
      await attempt.flush();
      if (isLost(result)) return this.logger.warn(`job ${jobId} was lost to another worker`);
      await this.database.transaction(async (tx) => {
        const job = await this.jobs.lockOwned(tx, jobId, leaseOwner);
        if (!job) return this.logger.warn(`job ${jobId} was lost to another worker`);
        const { action, event, set } = conclude(result, { ...job, reason: signal.reason });
        const changed = await this.jobs.change(tx, job, action, event, { ...set, progressEtaSeconds: null });
        this.logger.log(`job ${jobId} (${job.type}): ${event}, now ${changed.state}`);
      });
    } finally {
      attempt.end();
    }
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
