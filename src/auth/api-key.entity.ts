import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { Scope } from './scopes.js';

@Entity('api_keys')
export class ApiKey {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  name: string;

  /** First characters of a generated key, for recognising it; empty for a key chosen by the operator. */
  @Column('text')
  prefix: string;

  /** sha256 of the key: keys are long and random, so a slow hash would only slow requests. */
  @Column('bytea', { select: false })
  hash: Buffer;

  @Column('text', { array: true })
  scopes: Scope[];

  @Column('uuid', { nullable: true })
  vendorId: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;

  @Column('timestamptz', { nullable: true })
  expiresAt: Date | null;

  @Column('timestamptz', { nullable: true })
  revokedAt: Date | null;

  @Column('timestamptz', { nullable: true })
  lastUsedAt: Date | null;

  /** The key that took its place. */
  @Column('uuid', { nullable: true })
  successorId: string | null;

  /** Whether the key is, or was, `PLUMBLINE_ADMIN_KEY`. */
  @Column('boolean')
  fromEnvironment: boolean;

  /** The labeler of a session key, which may only work on this labeler's tasks. */
  @Column('uuid', { nullable: true })
  labelerId: string | null;

  /** The only batch that the session is for. */
  @Column('uuid', { nullable: true })
  labelingBatchId: string | null;
}
