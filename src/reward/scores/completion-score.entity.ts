import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The reward of a completion by one reward model; immutable, so it is computed once. */
@Entity('completion_scores')
export class CompletionScore {
  @PrimaryColumn('uuid')
  rewardModelId: string;

  @PrimaryColumn('uuid')
  completionId: string;

  @Column('double precision')
  score: number;

  /** Scores of the members, whose mean is `score`; null for a single member. */
  @Column('double precision', { array: true, nullable: true })
  memberScores: number[] | null;
}
