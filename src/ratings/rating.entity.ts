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

  @Column('double precision')
  score: number;

  @Column('integer', { nullable: true })
  position: number | null;

  @Column('integer', { nullable: true })
  timeSpentMs: number | null;

  @Column('text', { nullable: true })
  rationale: string | null;

  @Column('uuid', { nullable: true })
  vendorId: string | null;

  @Column('text', { nullable: true })
  externalId: string | null;

  /** The rating that this one corrects. */
  @Column('uuid', { nullable: true })
  supersedesId: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
