import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** What completions are judged by; its wording lives in versions. */
@Entity('criteria')
export class Criterion {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  name: string;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
