import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** One judgement of one completion. Append-only, by a trigger: a correction is a row that supersedes. */
@Entity('ratings')
export class Rating {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  completionId: string;

  @Column('uuid')
  criterionVersionId: string;

  @Column('uuid')
  labelerId: string;

  /** Where the criterion version has dimensions: the weighted mean of their scores. */
  @Column('double precision')
  score: number;

  @Column('jsonb', { nullable: true })
  dimensionScores: Record<string, number> | null;

  @Column('integer', { nullable: true })
  position: number | null;

  @Column('integer', { nullable: true })
  timeSpentMs: number | null;

  @Column('text', { nullable: true })
  rationale: string | null;

  @Column('text', { array: true })
  flags: string[];

  @Column('uuid', { nullable: true })
  vendorId: string | null;

  @Column('text', { nullable: true })
  externalId: string | null;

  /** The rating that this one corrects. */
  @Column('uuid', { nullable: true })
  supersedesId: string | null;

  /** The labeling task that it answers; null when it was posted by itself. */
  @Column('uuid', { nullable: true })
  labelingTaskId: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
