import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { Verdict } from '#src/common/findings.js';
import type { RewardHyperparameters } from './hyperparameters.js';
import type { RewardEvaluation } from './reward-evaluation.js';

/** A reward model and how it came to be. Nothing changes once it is trained. */
@Entity('reward_models')
export class RewardModel {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid', { nullable: true })
  jobId: string | null;

  @Column('text')
  name: string;

  @Column('uuid')
  pairSetId: string;

  @Column('uuid')
  basePolicyVersionId: string;

  @Column('jsonb')
  hyperparameters: RewardHyperparameters;

  /** Its first member's. Null until it is trained, as are the three below. */
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
