import { Column, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import type { JobError } from './job-failure.js';
import type { JobState } from './job-state.js';
import type { JobType, QueueName } from './job-types.js';
import type { JobLogLevel } from './job-handler.js';

/** The truth about a job; the message in the queue only points here. */
@Entity('jobs')
export class Job {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  type: JobType;

  @Column('text')
  queue: QueueName;

  @Column('text')
  state: JobState;

  @Column('jsonb')
  payload: unknown;

  @Column('text', { nullable: true })
  phase: string | null;

  @Column('double precision')
  progressCompleted: number;

  @Column('double precision', { nullable: true })
  progressTotal: number | null;

  @Column('text', { nullable: true })
  progressUnit: string | null;

  /** Estimate at the last write of progress. */
  @Column('double precision', { nullable: true })
  progressEtaSeconds: number | null;

  /** Attempts begun, the running one included; one that a shutdown cut short does not count. */
  @Column('integer')
  attempt: number;

  @Column('integer')
  maxAttempts: number;

  @Column('jsonb', { nullable: true })
  error: JobError | null;

  @Column('text', { nullable: true })
  resultType: string | null;

  @Column('uuid', { nullable: true })
  resultId: string | null;

  @Column('uuid', { nullable: true })
  apiKeyId: string | null;

  @Column('uuid', { nullable: true })
  vendorId: string | null;

  /** Identifies one attempt of one worker, so that an attempt that resumes after losing its lease is recognised. */
  @Column('text', { nullable: true })
  leaseOwner: string | null;

  @Column('timestamptz', { nullable: true })
  leaseExpiresAt: Date | null;

  /** Grows with every change that a reader can see; the ETag. */
  @Column('integer')
  version: number;

  @Column('timestamptz')
  createdAt: Date;

  @Column('timestamptz')
  updatedAt: Date;

  @Column('timestamptz', { nullable: true })
  startedAt: Date | null;

  @Column('timestamptz', { nullable: true })
  finishedAt: Date | null;

  /** Why it stays queued; no column, see `JobsService.get`. */
  waitingFor?: string | null;
}

export type JobEventType =
  | 'queued'
  | 'started'
  | 'cancelling'
  | 'pausing'
  | 'succeeded'
  | 'failed'
  | 'cancelled'
  | 'paused'
  | 'resumed'
  | 'retried'
  | 'recovered'
  | 'released';

export interface JobEventData {
  state: JobState;
  attempt: number;
  error?: JobError;
}

/** One change of state. Ids of one job increase in commit order. */
@Entity('job_events')
export class JobEvent {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id: string;

  @Column('uuid')
  jobId: string;

  @Column('text')
  type: JobEventType;

  @Column('jsonb')
  data: JobEventData;

  @Column('timestamptz')
  createdAt: Date;
}

@Entity('job_logs')
export class JobLog {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id: string;

  @Column('uuid')
  jobId: string;

  @Column('text')
  level: JobLogLevel;

  @Column('text')
  message: string;

  @Column('timestamptz')
  createdAt: Date;
}

/** The metrics of one step; by name; null: the value was not finite. */
@Entity('job_metrics')
export class JobMetric {
  @PrimaryColumn('uuid')
  jobId: string;

  @PrimaryColumn('integer')
  step: number;

  @Column('jsonb')
  values: Record<string, number | null>;

  @Column('timestamptz')
  createdAt: Date;
}

/** A queue message written in the transaction of its job; its id becomes the id of the BullMQ job. */
@Entity('outbox')
export class OutboxMessage {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  jobId: string;

  @Column('text')
  queue: QueueName;

  @Column('text')
  name: JobType;

  @Column('timestamptz')
  createdAt: Date;

  @Column('timestamptz', { nullable: true })
  dispatchedAt: Date | null;
}
