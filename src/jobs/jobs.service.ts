// Jobs as the rest of the system sees them: start one inside your own transaction, look, wait, cancel, retry.
import { Injectable } from '@nestjs/common';
import { pick } from '#src/common/given.js';
import { newId } from '#src/common/id.js';
import { toPage, type Page, type PageRequest } from '#src/common/pagination.js';
import { conflict, notFound, ProblemException } from '#src/common/problem.js';
import { Database, type Transaction } from '#src/database/database.js';
import type { JobEvent, Job, JobLog, JobMetric } from './job.entity.js';
import type { ResultRef } from './job-handler.js';
import { Downsampler, type CurvePoint } from './downsample.js';
import { JobRecordsRepository, type StepBounds } from './job-records.repository.js';
import { JobSignals } from './job-signals.js';
import { next, terminal } from './job-state.js';
import { checkPayload, queueOf, type JobType, type PayloadOf } from './job-types.js';
import { JobsRepository, type JobFilter, type JobViewer } from './jobs.repository.js';
import { WorkersRepository } from './workers.repository.js';

/** The creator of the job, such as an `AuthContext`. */
interface JobOwner {
  keyId: string;
  vendorId: string | null;
}

export interface EnqueueRequest<T extends JobType> {
  type: T;
  payload: PayloadOf<T>;
  /** The resource that the job produces. */
  resultRef?: ResultRef;
  auth: JobOwner | null;
  maxAttempts?: number;
}

/** Problem codes of what a job's state does not allow. */
const refusals = {
  cancel: 'job_not_cancellable',
  pause: 'job_not_pausable',
  resume: 'job_not_paused',
  retry: 'job_not_retryable',
} as const;

/** Initial fields of a retried job. */
const fresh = {
  attempt: 0,
  error: null,
  phase: null,
  startedAt: null,
  progressCompleted: 0,
  progressTotal: null,
  progressEtaSeconds: null,
};

@Injectable()
export class JobsService {
  constructor(
    private readonly database: Database,
    private readonly jobs: JobsRepository,
    private readonly records: JobRecordsRepository,
    private readonly signals: JobSignals,
    private readonly workers: WorkersRepository,
  ) {}

  /**
   * Starts a job when, and only when, the caller's transaction commits.
   *
   * @throws InvalidPayloadError
   */
  async enqueue<T extends JobType>(tx: Transaction, request: EnqueueRequest<T>): Promise<{ id: string }> {
    const id = newId();
    await this.jobs.add(tx, {
      id,
      type: request.type,
      queue: queueOf(request.type),
      payload: checkPayload(request.type, request.payload),
      maxAttempts: request.maxAttempts ?? 3,
      resultType: request.resultRef?.type ?? null,
      resultId: request.resultRef?.id ?? null,
      apiKeyId: request.auth?.keyId ?? null,
      vendorId: request.auth?.vendorId ?? null,
    });
    return { id };
  }

  async get(viewer: JobViewer, id: string): Promise<Job> {
    const job = await this.jobs.find(viewer, id);
    if (!job) throw notFound('job', id);
    await this.explainWaiting([job]);
    return job;
  }

  /**
   * Why a resource cannot be used that a job makes: the job is still at it (409 with the code `unmade`), or has ended without
   * it (409 `RESOURCE_failed` with what the job failed of).
   *
   * @param resource with its words joined, `pair_set`
   */
  async whyNot(resource: string, id: string, jobId: string | null, unmade: string): Promise<ProblemException> {
    const name = `${resource.replaceAll('_', ' ')} ${id}`;
    const job = jobId === null ? null : await this.jobs.find({ vendorId: null }, jobId);
    if (job?.state === 'failed') {
      const { code, title, detail } = job.error!;
      return conflict(`${resource}_failed`, `${name} was not created: job ${job.id} failed with ${code}: ${detail ?? title}`);
    }
    if (job?.state === 'cancelled') return conflict(`${resource}_failed`, `${name} was not created: job ${job.id} was cancelled`);
    return conflict(unmade, `${name} is not ready yet; see job ${jobId}`);
  }

  async list(viewer: JobViewer, filter: JobFilter, page: PageRequest): Promise<Page<Job>> {
    const jobs = await this.jobs.list(viewer, filter, page);
    await this.explainWaiting(jobs);
    return toPage(jobs, page, (job) => job.id);
  }

  /** A queued job that no worker will take says so, as long as that is so. */
  private async explainWaiting(jobs: readonly Job[]): Promise<void> {
    const queued = jobs.filter(({ state }) => state === 'queued');
    if (queued.length === 0) return;
    const served = await this.workers.servedQueues();
    for (const job of queued) job.waitingFor = served.has(job.queue) ? null : `no worker serves the queue ${job.queue}`;
  }

  /** The job as soon as its version differs from `version`, it is terminal, or `ms` have passed. */
  async waitForChange(viewer: JobViewer, id: string, version: number, ms: number, signal?: AbortSignal): Promise<Job> {
    const deadline = Date.now() + ms;
    const watch = this.signals.watch(id);
    try {
      for (;;) {
        const job = await this.get(viewer, id);
        const left = deadline - Date.now();
        const over = left <= 0 || signal?.aborted || this.signals.closed.aborted;
        if (job.version !== version || terminal(job.state) || over) return job;
        await watch.changed(Math.min(left, 2000), signal);
      }
    } finally {
      watch.stop();
    }
  }

  /** @throws ProblemException 404 `job_not_finished` until the job is terminal */
  async outcome(viewer: JobViewer, id: string): Promise<Job> {
    const job = await this.get(viewer, id);
    if (terminal(job.state)) return job;
    throw new ProblemException({
      status: 404,
      code: 'job_not_finished',
      title: 'The job has not finished',
      detail: `job ${id} is ${job.state}`,
      headers: { 'retry-after': '1' },
    });
  }

  /** A queued job is cancelled at once, a running job at its next step boundary. */
  cancel(viewer: JobViewer, id: string): Promise<Job> {
    return this.act(viewer, id, 'cancel');
  }

  /** A queued job is paused at once, a running one at its next step boundary; it keeps what it has saved. */
  pause(viewer: JobViewer, id: string): Promise<Job> {
    return this.act(viewer, id, 'pause');
  }

  /** Queues a paused job again; it continues from its last save, and the pause does not count as an attempt. */
  resume(viewer: JobViewer, id: string): Promise<Job> {
    return this.act(viewer, id, 'resume');
  }

  /** Queues a failed or cancelled job again, with all its attempts. */
  retry(viewer: JobViewer, id: string): Promise<Job> {
    return this.act(viewer, id, 'retry');
  }

  /** The same inside the caller's transaction; returns false without effect if the job's state does not allow it. */
  async actIn(tx: Transaction, id: string, action: keyof typeof refusals): Promise<boolean> {
    const job = await this.jobs.lock(tx, id);
    if (!job || next(job.state, action) === undefined) return false;
    await this.change(tx, job, action);
    return true;
  }

  events(jobId: string, afterId: string): Promise<JobEvent[]> {
    return this.records.eventsAfter(jobId, afterId, 100);
  }

  async logs(viewer: JobViewer, id: string, page: PageRequest): Promise<Page<JobLog>> {
    await this.get(viewer, id);
    return toPage(await this.records.listLogs(id, page), page, (log) => log.id);
  }

  /** The whole curve in at most so many points; see `Downsampler`. */
  async curve(viewer: JobViewer, id: string, maxPoints: number, bounds: StepBounds = {}, names?: readonly string[]): Promise<CurvePoint[]> {
    await this.get(viewer, id);
    const range = await this.records.stepRange(id, bounds);
    if (!range) return [];
    const sampler = new Downsampler(range.first, range.last, maxPoints);
    for await (const { step, values } of this.records.walkMetrics(id, range)) sampler.add(step, pick(values, names));
    return sampler.points();
  }

  async metrics(viewer: JobViewer, id: string, page: PageRequest, bounds: StepBounds = {}): Promise<Page<JobMetric>> {
    await this.get(viewer, id);
    return toPage(await this.records.listMetrics(id, page, bounds), page, (metric) => metric.step);
  }

  private async act(viewer: JobViewer, id: string, action: keyof typeof refusals): Promise<Job> {
    await this.get(viewer, id);
    return this.database.transaction(async (tx) => {
      const job = await this.jobs.lock(tx, id);
      if (!job || next(job.state, action) === undefined) throw conflict(refusals[action], `job ${id} is ${job?.state ?? 'gone'}`);
      return this.change(tx, job, action);
    });
  }

  /** @param job allows the action */
  private async change(tx: Transaction, job: Job, action: keyof typeof refusals): Promise<Job> {
    const to = next(job.state, action);
    switch (action) {
      case 'cancel':
        return job.state === 'cancelling' ? job : this.jobs.change(tx, job, action, to === 'cancelling' ? 'cancelling' : 'cancelled');
      case 'pause':
        return this.jobs.change(tx, job, action, to === 'pausing' ? 'pausing' : 'paused');
      case 'resume':
        return this.jobs.change(tx, job, action, 'resumed');
      case 'retry':
        return this.jobs.change(tx, job, action, 'retried', fresh);
    }
  }
}
