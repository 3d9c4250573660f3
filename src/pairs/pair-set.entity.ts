import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { PairSetDiagnostics } from './pair-diagnostics.js';
import type { PairSetConfig } from './pair-set-config.js';

/** A dataset of preferences. Once `builtAt` is set neither it nor its pairs ever change. */
@Entity('pair_sets')
export class PairSet {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid', { nullable: true })
  jobId: string | null;

  @Column('uuid')
  criterionVersionId: string;

  @Column('jsonb')
  config: PairSetConfig;

  /** sha256 over the configuration and every pair in order. */
  @Column('text', { nullable: true })
  contentHash: string | null;

  @Column('integer', { nullable: true })
  pairCount: number | null;

  @Column('jsonb', { nullable: true })
  diagnostics: PairSetDiagnostics | null;

  @Column('timestamptz', { nullable: true })
  builtAt: Date | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
