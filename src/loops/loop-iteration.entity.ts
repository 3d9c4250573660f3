import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { LoopOutcome } from './loop-state.js';
import type { LoopFigures } from './loop-figures.js';

export const loopDecisions = ['promoted', 'held'] as const;
export type LoopDecision = (typeof loopDecisions)[number];

/** One iteration and all its resources; a field is null until its resource exists. */
@Entity('loop_iterations')
export class LoopIteration {
  @PrimaryColumn('uuid')
  loopId: string;

  /** Counts from 1. */
  @PrimaryColumn('integer')
  number: number;

  @Column('uuid')
  startVersionId: string;

  /** Prompt set that is answered. */
  @Column('uuid', { nullable: true })
  promptSetId: string | null;

  @Column('uuid', { nullable: true })
  completionBatchId: string | null;

  /** Scores the answers for `disagreement`. */
  @Column('uuid', { nullable: true })
  scoringJobId: string | null;

  /** Prompt set whose answers are rated. */
  @Column('uuid', { nullable: true })
  ratedPromptSetId: string | null;

  @Column('uuid', { nullable: true })
  labelingBatchId: string | null;

  @Column('uuid', { nullable: true })
  pairSetId: string | null;

  @Column('uuid', { nullable: true })
  rewardModelId: string | null;

  @Column('uuid', { nullable: true })
  trainingRunId: string | null;

  @Column('uuid', { nullable: true })
  candidateVersionId: string | null;

  @Column('uuid', { nullable: true })
  comparisonId: string | null;

  @Column('text', { nullable: true })
  decision: LoopDecision | null;

  /** Reason for the decision: `won`, `not_won`, `not_judged`, `disagreement`, `too_few_ratings`, `no_pairs`, `over_kl_budget` or `unsound`. */
  @Column('text', { nullable: true })
  reason: LoopOutcome | null;

  @Column('jsonb')
  figures: LoopFigures;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;

  @Column('timestamptz', { nullable: true })
  finishedAt: Date | null;
}
