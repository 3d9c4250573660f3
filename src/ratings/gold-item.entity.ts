import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** What a labeler who understood the criterion gives, in one dimension or overall. */
export interface GoldExpectation {
  /** Null for the overall score. */
  dimension: string | null;
  minimum: number;
  maximum: number;
}

/** A completion whose right score under a criterion version is known. Labelers are never told which. */
@Entity('gold_items')
export class GoldItem {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  completionId: string;

  @Column('uuid')
  criterionVersionId: string;

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
