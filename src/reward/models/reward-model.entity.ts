import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { Verdict } from '#src/common/findings.js';
import type { RewardHyperparameters } from '#src/rl/methods/reward.js';
import type { RewardEvaluation } from '../evaluation/reward-evaluation.js';

export const rewardModelOrigins = ['trained', 'uploaded'] as const;
export type RewardModelOrigin = (typeof rewardModelOrigins)[number];

/** A reward model and how it came to be. Nothing changes once it is trained; one that was uploaded never changes. */
@Entity('reward_models')
export class RewardModel {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid', { nullable: true })
  jobId: string | null;

  @Column('text')
  name: string;

  @Column('text')
  origin: RewardModelOrigin;

  /** Of an uploaded one null, as are the two below. */
  @Column('uuid', { nullable: true })
  pairSetId: string | null;

  @Column('uuid', { nullable: true })
  basePolicyVersionId: string | null;

  @Column('jsonb', { nullable: true })
  hyperparameters: RewardHyperparameters | null;

  /** Maximum text length of an uploaded model in tokens; null if trained: see its hyperparameters. */
  @Column('integer', { nullable: true })
  maxTokens: number | null;

  /** Its first member's. Null until it is trained; the three below also of an uploaded one. */
  @Column('uuid', { nullable: true })
  modelId: string | null;

  @Column('jsonb', { nullable: true })
  evaluation: RewardEvaluation | null;

  @Column('jsonb', { nullable: true })
  verdict: Verdict | null;

  @Column('timestamptz', { nullable: true })
  trainedAt: Date | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}

/** A reward model trained here, with its sources. */
export type TrainedHere = RewardModel & { pairSetId: string; basePolicyVersionId: string; hyperparameters: RewardHyperparameters };

export const isTrainedHere = (rewardModel: RewardModel): rewardModel is TrainedHere => rewardModel.origin === 'trained';
