// The record of acts that matter to security: who did what to which resource, and when. Written in the transaction
// of the act, so that there is no act without its entry.
import { Injectable } from '@nestjs/common';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page } from '#src/common/pagination.js';
import { Database, type Transaction } from '#src/database/database.js';
import type { AuthContext } from '../auth.js';
import type { AuditAction } from './audit-actions.js';
import type { AuditEntry } from './audit-entry.entity.js';
import type { AuditQuery } from './audit.dto.js';
import { AuditRepository } from './audit.repository.js';

export interface AuditRecord {
  action: AuditAction;
  resource: { type: string; id: string } | null;
  /** Names, scopes, counts. Never a secret, nor a value presented as one. */
  detail?: Record<string, unknown>;
}

/** A caller with a key, Plumbline itself, or a caller without a valid key. */
export type Actor = Pick<AuthContext, 'keyId' | 'vendorId'> | 'system' | { address: string };

@Injectable()
export class AuditService {
  constructor(
    private readonly database: Database,
    private readonly entries: AuditRepository,
  ) {}

  async record(tx: Transaction, actor: Actor, { action, resource, detail = {} }: AuditRecord): Promise<void> {
    await this.entries.append(tx, {
      id: newId(),
      action,
      ...columns(actor),
      resourceType: resource?.type ?? null,
      resourceId: resource?.id ?? null,
      detail,
    });
  }

  /** For actions that change nothing else and so have no transaction. */
  recordAlone(actor: Actor, record: AuditRecord): Promise<void> {
    return this.database.transaction((tx) => this.record(tx, actor, record));
  }

  async list(query: AuditQuery): Promise<Page<AuditEntry>> {
    const request = pageRequest(query);
    const [resourceType, resourceId] = query.resource?.split(':') ?? [];
    return toPage(await this.entries.page({ ...query, resourceType, resourceId }, request), request, (entry) => entry.id);
  }
}

function columns(actor: Actor): Pick<AuditEntry, 'actorType' | 'actorKeyId' | 'actorVendorId' | 'address'> {
  const nobody = { actorKeyId: null, actorVendorId: null, address: null };
  if (actor === 'system') return { ...nobody, actorType: 'system' };
  if ('address' in actor) return { ...nobody, actorType: 'anonymous', address: actor.address };
  return { ...nobody, actorType: 'api_key', actorKeyId: actor.keyId, actorVendorId: actor.vendorId };
}
