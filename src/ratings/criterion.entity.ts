import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** What completions are judged by; its wording lives in versions. */
@Entity('criteria')
export class Criterion {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  name: string;

  /** Null: the convention, and no pilot is asked for. See src/quality/publishing-gate.ts. */
  @Column('double precision', { nullable: true })
  minimumAgreement: number | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
