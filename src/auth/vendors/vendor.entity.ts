import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A labeling company. Its keys see only its own rows. */
@Entity('vendors')
export class Vendor {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  name: string;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;

  /** Since when its keys are refused. */
  @Column('timestamptz', { nullable: true })
  suspendedAt: Date | null;
}
