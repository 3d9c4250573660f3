import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { ActorType, AuditAction } from './audit-actions.js';

/** One security-relevant action. Rows are append-only, enforced by a trigger. */
@Entity('audit_log')
export class AuditEntry {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  action: AuditAction;

  @Column('text')
  actorType: ActorType;

  @Column('uuid', { nullable: true })
  actorKeyId: string | null;

  @Column('uuid', { nullable: true })
  actorVendorId: string | null;

  /** Address of the request, if nothing else is known about the actor. */
  @Column('text', { nullable: true })
  address: string | null;

  @Column('text', { nullable: true })
  resourceType: string | null;

  @Column('uuid', { nullable: true })
  resourceId: string | null;

  /** Names, scopes, counts; never a secret. */
  @Column('jsonb')
  detail: Record<string, unknown>;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
