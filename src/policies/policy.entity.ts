import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A language model that is being aligned; what can be run are its versions. */
@Entity('policies')
export class Policy {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  name: string;

  @Column('text', { nullable: true })
  description: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
