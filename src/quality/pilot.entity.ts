import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A labeling batch that tries out a draft of a criterion. Its ratings stay, and enter no pair set unless asked for. */
@Entity('pilots')
export class Pilot {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  criterionVersionId: string;

  @Column('uuid')
  labelingBatchId: string;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
