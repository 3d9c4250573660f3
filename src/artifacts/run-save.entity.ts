import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from './artifact.entity.js';

/** The progress of a training after a step, in the artifact store. Deleted with the training. */
@Entity('run_saves')
export class RunSave {
  /** A training run or a reward model. */
  @PrimaryColumn('uuid')
  ownerId: string;

  @PrimaryColumn('integer')
  step: number;

  @Column('text')
  sha256: string;

  @Column('bigint', { transformer: bigintAsNumber })
  bytes: number;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
