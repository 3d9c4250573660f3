import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { Verdict } from '#src/common/findings.js';
import type { RewardHyperparameters, EarlyEnd } from '#src/rl/methods/reward.js';
import type { RewardEvaluation } from '../evaluation/reward-evaluation.js';
import type { AdapterFile } from '#src/artifacts/artifact.entity.js';
import type { LengthBias } from '#src/rl/losses/length-bias.js';

export const rewardModelOrigins = ['trained', 'uploaded'] as const;
export type RewardModelOrigin = (typeof rewardModelOrigins)[number];

/** A reward model and its origin. Immutable once trained or uploaded. */
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

  /** Null if uploaded, as are the next two fields. */
  @Column('uuid', { nullable: true })
  pairSetId: string | null;

  @Column('uuid', { nullable: true })
  basePolicyVersionId: string | null;

  @Column('jsonb', { nullable: true })
  hyperparameters: RewardHyperparameters | null;

  /** Maximum text length of an uploaded model in tokens; null if trained: see its hyperparameters. */
  @Column('integer', { nullable: true })
  maxTokens: number | null;

  /** Model of its first member; null until trained. The next three fields are also null if uploaded. */
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

/** The training result of one member. */
export interface MemberTraining {
  steps: number;
  /** After which the weights were as they are kept. */
  keptStep: number;
  ended: EarlyEnd | null;
  pairs: number;
  truncatedTexts: number;
  lengthBias: LengthBias | null;
}

/** One trained model of a reward model; an ensemble has several, any other one. Never changes. */
@Entity('reward_model_members')
export class RewardModelMember {
  @PrimaryColumn('uuid')
  rewardModelId: string;

  /** From 0; its seed is that of the hyperparameters plus this. */
  @PrimaryColumn('integer')
  member: number;

  @Column('uuid')
  modelId: string;

  /** The PEFT folder of its low-rank factors and head, where these were trained. */
  @Column('jsonb', { nullable: true })
  adapter: AdapterFile[] | null;

  @Column('jsonb')
  training: MemberTraining;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
