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

/** One prompt with the answers of both versions; the seeded coin `candidateIsLeft` hides which is which. */
@Entity('comparison_items')
export class ComparisonItem {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  comparisonId: string;

  @Column('integer')
  ordinal: number;

  @Column('uuid')
  promptId: string;

  @Column('uuid')
  baselineCompletionId: string;

  @Column('uuid')
  candidateCompletionId: string;

  @Column('boolean')
  candidateIsLeft: boolean;
}

export const preferences = ['left', 'right', 'tie'] as const;
export type Preference = (typeof preferences)[number];

/** The judgement of one item by a labeler or the reward model. Immutable. */
@Entity('comparison_judgements')
export class ComparisonJudgement {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  itemId: string;

  @Column('uuid', { nullable: true })
  labelerId: string | null;

  @Column('uuid', { nullable: true })
  rewardModelId: string | null;

  @Column('text')
  preference: Preference;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}

/** Result for the candidate: 1 won, 0.5 tie, 0 lost. */
export function candidateScore(preference: Preference, candidateIsLeft: boolean): number {
  if (preference === 'tie') return 0.5;
  return (preference === 'left') === candidateIsLeft ? 1 : 0;
}

/** The other way round, for a judge that knows both scores. */
export function preferenceFor(baseline: number, candidate: number, candidateIsLeft: boolean): Preference {
  if (baseline === candidate) return 'tie';
  return candidate > baseline === candidateIsLeft ? 'left' : 'right';
}
