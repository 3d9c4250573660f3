import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** What a labeler who understood the criterion gives, in one dimension or overall. */
export interface GoldExpectation {
  /** Null for the overall score. */
  dimension: string | null;
  minimum: number;
  maximum: number;
}

/**
 * A completion whose right score under a criterion version is known, or that is known to be better than another. Labelers
 * are never told which.
 */
@Entity('gold_items')
export class GoldItem {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  completionId: string;

  @Column('uuid')
  criterionVersionId: string;

  /** Of the same prompt, and worse than `completionId`; null where the score is known. */
  @Column('uuid', { nullable: true })
  worseCompletionId: string | null;

  /** Empty where one is better than the other. */
  @Column('jsonb')
  expected: GoldExpectation[];

  /** Why this is right: for whoever looks at failures. */
  @Column('text')
  explanation: string;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;

  /** No longer mixed in; past results stay. */
  @Column('timestamptz', { nullable: true })
  retiredAt: Date | null;
}
