import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

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
