import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { QueueName } from './job-types.js';

/** Resources of a worker; fields may be added. */
export interface WorkerCapabilities {
  /** Memory limit of one training, in bytes. */
  memoryBytes: number;
  /** Threads of ONNX Runtime; 0: one per core. */
  threads: number;
  executionProvider: string;
}

/** A worker process; the worker itself writes and refreshes the row (lease-keeper-thread.ts). */
@Entity('workers')
export class WorkerRow {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  host: string;

  @Column('integer')
  pid: number;

  @Column('text', { array: true })
  queues: QueueName[];

  @Column('jsonb')
  capabilities: WorkerCapabilities;

  @Column('timestamptz')
  startedAt: Date;

  @Column('timestamptz')
  lastSeenAt: Date;

  /** It is taken for dead from then on. */
  @Column('timestamptz')
  expiresAt: Date;
}
