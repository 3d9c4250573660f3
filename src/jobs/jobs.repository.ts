import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type QueryDeepPartialEntity } from 'typeorm';
import { newId } from '#src/common/id.js';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { EventsService } from '#src/events/events.service.js';
import { JobEvent, type JobEventType, Job, OutboxMessage } from './job.entity.js';
import { channels } from './job-signals.js';
import { leasedStates, next, terminal, type JobAction, type JobState } from './job-state.js';
import type { JobType } from './job-types.js';

/** Whose jobs may be seen: a vendor's own, or all of them. */
export interface JobViewer {
  vendorId: string | null;
}

export interface JobFilter {
  type?: JobType;
  state?: JobState;
}

class TransitionError extends Error {
  constructor(
    readonly state: JobState,
    readonly action: JobAction,
  ) {
    super(`a job that is ${state} does not allow '${action}'`);
  }
}

@Injectable()
export class JobsRepository {
  constructor(
    @InjectRepository(Job) private readonly jobs: Repository<Job>,
    private readonly events: EventsService,
  ) {}

  find(viewer: JobViewer, id: string): Promise<Job | null> {
    return this.jobs.findOneBy({ id, ...(viewer.vendorId !== null && { vendorId: viewer.vendorId }) });
  }

  /** Newest first, one row more than the page holds. */
  list(viewer: JobViewer, filter: JobFilter, page: PageRequest): Promise<Job[]> {
    const query = this.jobs.createQueryBuilder('job').orderBy('job.id', 'DESC').limit(page.limit + 1);
    if (viewer.vendorId !== null) query.andWhere('job.vendorId = :vendorId', { vendorId: viewer.vendorId });
    if (filter.type) query.andWhere('job.type = :type', { type: filter.type });
    if (filter.state) query.andWhere('job.state = :state', { state: filter.state });
    if (page.after !== null) query.andWhere('job.id < :after', { after: page.after });
    return query.getMany();
  }

  async add(
    tx: Transaction,
    job: Pick<Job, 'id' | 'type' | 'queue' | 'payload' | 'maxAttempts'> & Partial<Job>,
  ): Promise<void> {
    await tx.insert(Job, { ...job, state: 'queued' } as QueryDeepPartialEntity<Job>);
    await this.record(tx, { ...job, state: 'queued', attempt: 0 }, 'queued');
    await this.post(tx, job);
  }

  /** The job, its row locked until the transaction ends. */
  lock(tx: Transaction, id: string): Promise<Job | null> {
    return tx.findOne(Job, { where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  /** The same, when that attempt still holds the lease. */
  lockOwned(tx: Transaction, id: string, leaseOwner: string): Promise<Job | null> {
    return tx.findOne(Job, { where: { id, leaseOwner }, lock: { mode: 'pessimistic_write' } });
  }

  /** Jobs whose worker stopped sending heartbeats; rows that another process has locked are skipped. */
  lockExpired(tx: Transaction, limit: number): Promise<Job[]> {
    return tx
      .createQueryBuilder(Job, 'job')
      .where('job.leaseExpiresAt < now()')
      .andWhere('job.state IN (:...leased)', { leased: leasedStates })
      .limit(limit)
      .setLock('pessimistic_write')
      .setOnLocked('skip_locked')
      .getMany();
  }

  /**
   * The only way a state changes: by the table, on a locked row, with its event, with a new message where
   * the job goes back to its queue, told to the world where it is over, and with a signal to whoever waits.
   *
   * @throws TransitionError when the table has no such change
   */
  async change(
    tx: Transaction,
    job: Job,
    action: JobAction,
    event: JobEventType,
    set: QueryDeepPartialEntity<Job> = {},
  ): Promise<Job> {
    const state = next(job.state, action);
    if (state === undefined) throw new TransitionError(job.state, action);
    await tx.update(Job, job.id, {
      ...set,
      state,
      version: job.version + 1,
      updatedAt: () => 'now()',
      finishedAt: terminal(state) ? () => 'now()' : null,
      ...(!leasedStates.includes(state) && { leaseOwner: null, leaseExpiresAt: null }),
    });
    const changed = await tx.findOneByOrFail(Job, { id: job.id });
    await this.record(tx, changed, event);
    if (state === 'queued') await this.post(tx, job);
    if (state === 'succeeded' || state === 'failed' || state === 'cancelled') await this.announce(tx, changed, `job.${state}`);
    if (state === 'cancelling' || state === 'pausing') await this.notify(tx, channels.stop, job.id);
    return changed;
  }

  private async record(
    tx: Transaction,
    job: Pick<Job, 'id' | 'state' | 'attempt'> & Partial<Pick<Job, 'error'>>,
    type: JobEventType,
  ): Promise<void> {
    const data = { state: job.state, attempt: job.attempt, ...(job.error && { error: job.error }) };
    await tx.insert(JobEvent, { jobId: job.id, type, data });
    await this.notify(tx, channels.job, job.id);
  }

  /** Publishes the conclusion as an event. */
  private async announce(tx: Transaction, job: Job, type: 'job.succeeded' | 'job.failed' | 'job.cancelled'): Promise<void> {
    const data = { jobId: job.id, jobType: job.type, resultType: job.resultType, resultId: job.resultId };
    await this.events.emit(tx, { type, data, vendorIds: job.vendorId === null ? [] : [job.vendorId] });
  }

  private async post(tx: Transaction, job: Pick<Job, 'id' | 'queue' | 'type'>): Promise<void> {
    // One message per job is enough, and the sweep for lost messages must not resend old ones.
    await tx.delete(OutboxMessage, { jobId: job.id });
    await tx.insert(OutboxMessage, { id: newId(), jobId: job.id, queue: job.queue, name: job.type });
    await this.notify(tx, channels.outbox, '');
  }

  private async notify(tx: Transaction, channel: string, payload: string): Promise<void> {
    await tx.query('SELECT pg_notify($1, $2)', [channel, payload]);
  }
}
