import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { Dimension } from './dimensions.js';
import type { ScaleLevel } from './scale.js';

export const criterionVersionStates = ['draft', 'published'] as const;
export type CriterionVersionState = (typeof criterionVersionStates)[number];

/** One wording of a criterion with its scale. Nothing but its publication ever changes, and that only once. */
@Entity('criterion_versions')
export class CriterionVersion {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  criterionId: string;

  /** Counts from 1 within the criterion. */
  @Column('integer')
  number: number;

  @Column('text')
  instructions: string;

  @Column('jsonb')
  scale: ScaleLevel[];

  /** What is scored one by one, each on the scale; null where a rating is one score. */
  @Column('jsonb', { nullable: true })
  dimensions: Dimension[] | null;

  @Column('text')
  state: CriterionVersionState;

  @Column('timestamptz', { nullable: true })
  publishedAt: Date | null;

  /** What the publication rested on: the version's latest pilot and the agreement it had found. */
  @Column('uuid', { nullable: true })
  pilotId: string | null;

  @Column('double precision', { nullable: true })
  agreement: number | null;

  @Column('text', { nullable: true })
  overrideReason: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
