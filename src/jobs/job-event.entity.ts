import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { JobError } from './job-failure.js';
import type { JobState } from './job-state.js';

export const jobEventTypes = [
  'queued',
  'started',
  'cancelling',
  'pausing',
  'succeeded',
  'failed',
  'cancelled',
  'paused',
  'resumed',
  'retried',
  'recovered',
  'released',
] as const;
export type JobEventType = (typeof jobEventTypes)[number];

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
