import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { WeightFormat } from '#src/lm/files/weight-formats.js';
import type { Sampling } from './sampling.js';

/** One request to a policy version: answer every prompt of a set, `sampling.n` times each. */
@Entity('completion_batches')
export class CompletionBatch {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid', { nullable: true })
  jobId: string | null;

  @Column('uuid')
  policyVersionId: string;

  @Column('uuid')
  promptSetId: string;

  @Column('jsonb')
  sampling: Sampling;

  /** In which the policy's layers compute as they write. */
  @Column('text')
  weights: WeightFormat;

  /** Number of completions generated so far. */
  @Column('integer')
  completionCount: number;

  /** Number of prompts without completions; reasons are in completion_failures. */
  @Column('integer')
  failedCount: number;

  /** Share of prompts that may fail; more fail the batch. */
  @Column('double precision')
  maxFailedShare: number;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}

/** A prompt of a batch that has no completions, and why. */
@Entity('completion_failures')
export class CompletionFailure {
  @PrimaryColumn('uuid')
  batchId: string;

  @PrimaryColumn('uuid')
  promptId: string;

  @Column('text')
  code: string;

  @Column('text')
  message: string;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
