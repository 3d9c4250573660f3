import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { FinishReason } from '#src/completions/completion.entity.js';

/** One completion that a step learned from; a few are kept per step so that people can read along. */
@Entity('training_samples')
export class TrainingSample {
  @PrimaryColumn('uuid')
  trainingRunId: string;

  @PrimaryColumn('integer')
  step: number;

  @PrimaryColumn('integer')
  sampleIndex: number;

  @Column('uuid')
  promptId: string;

  @Column('text')
  text: string;

  @Column('double precision')
  reward: number;

  /** By source of reward. */
  @Column('jsonb', { default: {} })
  scores: Record<string, number>;

  @Column('double precision')
  advantage: number;

  @Column('integer')
  completionTokens: number;

  @Column('text')
  finishReason: FinishReason;
}
