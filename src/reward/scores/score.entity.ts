import { Column, Entity, PrimaryColumn, CreateDateColumn } from 'typeorm';

/** The reward of a completion by one reward model; immutable, so it is computed once. */
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

/** The reward of a prompt with a completion under one reward model, found by the hash of the two. */
@Entity('text_scores')
export class TextScore {
  @PrimaryColumn('uuid')
  rewardModelId: string;

  /** See scoring-units.ts. */
  @PrimaryColumn('text')
  textHash: string;

  /** The texts, as long as they wait for their score. */
  @Column('text', { nullable: true })
  prompt: string | null;

  @Column('text', { nullable: true })
  completion: string | null;

  @Column('double precision', { nullable: true })
  score: number | null;

  @Column('double precision', { array: true, nullable: true })
  memberScores: number[] | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
