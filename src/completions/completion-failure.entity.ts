import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A prompt of a batch that has no completions, and why. */
@Entity('completion_failures')
export class CompletionFailure {
  @PrimaryColumn('uuid')
  batchId: string;

  @PrimaryColumn('uuid')
  promptId: string;

  @Column('text')
  code: string;

  @Column('text')
  message: string;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
