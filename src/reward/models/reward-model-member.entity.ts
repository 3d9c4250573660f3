import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { AdapterFile } from '#src/artifacts/adapter-file.js';
import type { LengthBias } from '#src/rl/losses/length-bias.js';
import type { EarlyEnd } from '#src/rl/methods/reward.js';

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

  /** Index of the member, from 0, added to the seed of the hyperparameters. */
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
