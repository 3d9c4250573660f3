import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The reward of a completion under one reward model; it never changes, so it is computed once. */
@Entity('completion_scores')
export class CompletionScore {
  @PrimaryColumn('uuid')
  rewardModelId: string;

  @PrimaryColumn('uuid')
  completionId: string;

  @Column('double precision')
  score: number;

  /** Each member's, of which `score` is the mean; null for a single one. */
  @Column('double precision', { array: true, nullable: true })
  memberScores: number[] | null;
}
