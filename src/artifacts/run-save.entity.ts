import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from './artifact.entity.js';

/** Where the progress of a training after a step lies in the artifact store. Gone when the training is. */
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
