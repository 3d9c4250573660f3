import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** Who gives ratings: a person known to their vendor by `externalId`, or a simulated rule. */
@Entity('labelers')
export class Labeler {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid', { nullable: true })
  vendorId: string | null;

  @Column('text')
  externalId: string;

  @Column('text', { nullable: true })
  displayName: string | null;

  @Column('boolean')
  simulated: boolean;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
