import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { Verdict } from '#src/common/findings.js';
import type { RewardSource } from '../rewards/reward-sources.js';
import type { HyperparametersOf, RatedData, SummaryOf, TrainingMethod } from '../methods/training-methods.js';
import type { FinishReason } from '#src/completions/completion.entity.js';

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

  /** Of the methods that sample. */
  @Column('jsonb', { nullable: true })
  rewards: RewardSource[] | null;

  /** Of the methods that sample. */
  @Column('uuid', { nullable: true })
  promptSetId: string | null;

  /** Of the methods that sample: what it is evaluated on; its first practice prompts when null. */
  @Column('uuid', { nullable: true })
  evaluationPromptSetId: string | null;

  /** Of the methods that learn from pairs. */
  @Column('uuid', { nullable: true })
  pairSetId: string | null;

  /** Of the methods that learn from ratings as they are; which ratings these were is in `training_run_ratings`. */
  @Column('jsonb', { nullable: true })
  ratings: RatedData | null;

  @Column('jsonb')
  hyperparameters: HyperparametersOf[TrainingMethod];

  @Column('uuid', { nullable: true })
  resultPolicyVersionId: string | null;

  @Column('jsonb', { nullable: true })
  summary: SummaryOf[TrainingMethod] | null;

  @Column('jsonb', { nullable: true })
  verdict: Verdict | null;

  @Column('timestamptz', { nullable: true })
  finishedAt: Date | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}

/** A run of one method. */
export type RunOf<M extends TrainingMethod> = TrainingRun & { method: M; hyperparameters: HyperparametersOf[M] };

/** One completion that a step learned from; a few are kept per step so that people can read along. */
@Entity('training_samples')
export class TrainingSample {
  @PrimaryColumn('uuid')
  trainingRunId: string;

  @PrimaryColumn('integer')
  step: number;

  @PrimaryColumn('integer')
  sampleIndex: number;

  @Column('uuid')
  promptId: string;

  @Column('text')
  text: string;

  @Column('double precision')
  reward: number;

  /** By source of reward. */
  @Column('jsonb', { default: {} })
  scores: Record<string, number>;

  @Column('double precision')
  advantage: number;

  @Column('integer')
  completionTokens: number;

  @Column('text')
  finishReason: FinishReason;
}
