import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A company that labels. Its keys see its own rows and nothing of other vendors. */
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
