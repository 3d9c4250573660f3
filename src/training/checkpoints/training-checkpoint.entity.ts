import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { AdapterFile } from '#src/artifacts/artifact.entity.js';

/** Weights of a run after a step. */
@Entity('training_checkpoints')
export class TrainingCheckpoint {
  @PrimaryColumn('uuid')
  trainingRunId: string;

  @PrimaryColumn('integer')
  step: number;

  /** Whole weights; low-rank factors are merged. */
  @Column('uuid')
  modelId: string;

  /** The low-rank factors alone, if they were trained. */
  @Column('jsonb', { nullable: true })
  adapter: AdapterFile[] | null;

  /** Evaluation metric of the weights; null: not evaluated. */
  @Column('text', { nullable: true })
  metric: string | null;

  @Column('double precision', { nullable: true })
  metricValue: number | null;

  /** The version they became, when they did. */
  @Column('uuid', { nullable: true })
  policyVersionId: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
