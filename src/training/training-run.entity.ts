import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { GrpoHyperparameters } from './grpo-hyperparameters.js';
import type { Verdict } from './verdict.js';

export const trainingMethods = ['grpo'] as const;
export type TrainingMethod = (typeof trainingMethods)[number];

/** What a finished run came to; rewards are means of the reward model on the same prompts and seeds. */
export interface TrainingSummary {
  rewardBefore: number;
  rewardAfter: number;
  /** Estimate of KL(policy || reference) in nats per token at the end. */
  kl: number;
  entropy: number;
  steps: number;
  evaluationPrompts: number;
}

@Entity('training_runs')
export class TrainingRun {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid', { nullable: true })
  jobId: string;

  @Column('text')
  method: TrainingMethod;

  @Column('uuid')
  policyVersionId: string;

  @Column('uuid', { nullable: true })
  rewardModelId: string | null;

  @Column('uuid')
  promptSetId: string;

  @Column('jsonb')
  hyperparameters: GrpoHyperparameters;

  @Column('uuid', { nullable: true })
  resultPolicyVersionId: string | null;

  @Column('jsonb', { nullable: true })
  summary: TrainingSummary | null;

  @Column('jsonb', { nullable: true })
  verdict: Verdict | null;

  @Column('timestamptz', { nullable: true })
  finishedAt: Date | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
