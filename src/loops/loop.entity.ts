import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { LoopConfig } from './loop-config.js';
import type { LoopState, LoopStatus, LoopOutcome } from './loop-state.js';

/** Why a loop failed; `code` is that of the job's error or of the refused request. */
export interface LoopError {
  code: string;
  detail: string;
  jobId: string | null;
}

/** A policy that is made better again and again. The row is the whole memory of the machine. */
@Entity('loops')
export class Loop {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  name: string;

  @Column('uuid')
  policyId: string;

  /** Alias of the best version so far. */
  @Column('text')
  alias: string;

  /** Version that the first iteration starts from. */
  @Column('uuid')
  firstVersionId: string;

  /** Version that the next iteration starts from: the last one promoted. */
  @Column('uuid')
  currentVersionId: string;

  @Column('uuid')
  criterionVersionId: string;

  /** Prompt set for training and rating. */
  @Column('uuid')
  promptSetId: string;

  /** Prompts of the blind comparisons, and of nothing else. */
  @Column('uuid')
  heldOutPromptSetId: string;

  @Column('jsonb')
  config: LoopConfig;

  @Column('text')
  status: LoopStatus;

  @Column('text')
  state: LoopState;

  /** Counts from 1. */
  @Column('integer')
  iteration: number;

  /** Job that the state waits for; null: none. */
  @Column('uuid', { nullable: true })
  jobId: string | null;

  /** The job that was paused with the loop, to be resumed with it. */
  @Column('uuid', { nullable: true })
  pausedJobId: string | null;

  @Column('jsonb', { nullable: true })
  error: LoopError | null;

  /** Version number of the loop, increased by every change. */
  @Column('integer')
  version: number;

  @Column('uuid', { nullable: true })
  apiKeyId: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;

  @Column('timestamptz')
  updatedAt: Date;

  @Column('timestamptz', { nullable: true })
  finishedAt: Date | null;
}

/** One change of state, never changed itself. */
@Entity('loop_transitions')
export class LoopTransition {
  @PrimaryColumn('uuid')
  loopId: string;

  /** The loop's version after the change. */
  @PrimaryColumn('integer')
  ordinal: number;

  @Column('integer')
  iteration: number;

  @Column('text')
  from: LoopState;

  @Column('text')
  to: LoopState;

  @Column('text')
  outcome: LoopOutcome;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
