import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Where one completion stands in a preference. */
@Entity('preference_ranks')
export class PreferenceRank {
  @PrimaryColumn('uuid')
  preferenceId: string;

  @PrimaryColumn('uuid')
  completionId: string;

  /** 1 is the best; tied completions share a rank. */
  @Column('integer')
  rank: number;

  /** Place in which it was shown, from 0. */
  @Column('integer', { nullable: true })
  position: number | null;
}
