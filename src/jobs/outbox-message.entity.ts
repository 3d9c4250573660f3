import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { JobType, QueueName } from './job-types.js';

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
