import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { TaskState } from './task-state.js';

/** One attempt to fill one of the `overlap` slots of an item. Changed by task-state.ts's table only. */
@Entity('labeling_tasks')
export class LabelingTask {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  batchId: string;

  @Column('uuid')
  itemId: string;

  /** From 1 to the batch's overlap. */
  @Column('integer')
  slot: number;

  @Column('text')
  state: TaskState;

  /** Place in the queue; a hash, so that the queue is in random order and claims can start anywhere in it. */
  @Column('integer')
  sortKey: number;

  /** The item's completions in the order in which this task shows them. */
  @Column('uuid', { array: true })
  completionOrder: string[];

  @Column('uuid', { nullable: true })
  labelerId: string | null;

  /** The labeler's vendor. */
  @Column('uuid', { nullable: true })
  vendorId: string | null;

  @Column('timestamptz', { nullable: true })
  leasedAt: Date | null;

  @Column('timestamptz', { nullable: true })
  leaseExpiresAt: Date | null;

  @Column('timestamptz', { nullable: true })
  finishedAt: Date | null;

  /** Why it was skipped. */
  @Column('text', { nullable: true })
  reason: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
