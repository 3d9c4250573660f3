import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

export const preferenceKinds = ['ranking', 'comparison'] as const;
/** A comparison is a ranking of two. */
export type PreferenceKind = (typeof preferenceKinds)[number];

/** One judgement of several completions of a prompt against one another. Append-only, as ratings are. */
@Entity('preferences')
export class Preference {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  kind: PreferenceKind;

  @Column('uuid')
  promptId: string;

  @Column('uuid')
  criterionVersionId: string;

  @Column('uuid')
  labelerId: string;

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

  /** The preference that this one corrects. */
  @Column('uuid', { nullable: true })
  supersedesId: string | null;

  /** The task that it answers. */
  @Column('uuid', { nullable: true })
  labelingTaskId: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
