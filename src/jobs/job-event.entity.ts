import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { JobError } from './job-failure.js';
import type { JobState } from './job-state.js';

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

/** One change of state. Ids of one job grow in the order in which its changes were committed. */
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
