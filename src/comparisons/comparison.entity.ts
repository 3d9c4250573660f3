import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

export interface ComparisonSampling {
  temperature: number;
  topP: number;
  maxTokens: number;
  seed: number;
}

export type ComparisonJudge =
  | { type: 'reward-model'; rewardModelId: string }
  | { type: 'labelers'; judgementsPerItem: number }
  | { type: 'labeling-batch'; criterionVersionId: string; vendorIds: string[]; overlap: number };

/** A blind test of two policy versions on the same prompts. */
@Entity('comparisons')
export class Comparison {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid', { nullable: true })
  jobId: string;

  @Column('uuid')
  baselineVersionId: string;

  @Column('uuid')
  candidateVersionId: string;

  @Column('uuid')
  promptSetId: string;

  @Column('jsonb')
  sampling: ComparisonSampling;

  @Column('jsonb')
  judge: ComparisonJudge;

  /** Proxy reward model, whose judgements are reported separately from those of people. */
  @Column('uuid', { nullable: true })
  proxyRewardModelId: string | null;

  /** Labeling batch of a judge of that type, once both versions have answered. */
  @Column('uuid', { nullable: true })
  labelingBatchId: string | null;

  /** 0 until both versions have answered. */
  @Column('integer')
  itemCount: number;

  /** Prompts that one of the versions could not answer; they have no item. */
  @Column('integer')
  missingCount: number;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
