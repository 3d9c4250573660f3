import { Injectable } from '@nestjs/common';
import { createHash, randomBytes } from 'node:crypto';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page, type PageQuery } from '#src/common/pagination.js';
import { conflict, notFound } from '#src/common/problem.js';
import { Database, type Transaction } from '#src/database/database.js';
import type { ApiKey } from './api-key.entity.js';
import { ApiKeysRepository, type KeyOf, type NewApiKey } from './api-keys.repository.js';
import { AuditService, type Actor } from './audit/audit.service.js';
import type { AuthContext } from './auth.js';
import type { CreateApiKeyDto, RotateApiKeyDto } from './api-keys.dto.js';
import type { Scope } from './scopes.js';

/** How long a key that was found valid is trusted without asking the database again. */
const cacheMs = 2_000;
const touchMs = 60_000;
/** Keys that are remembered at once, of either kind. */
const remembered = 10_000;
const defaultGraceSeconds = 86_400;

export type CreatedKey = ApiKey & {
  /** Plain text, known only now. */
  secret: string;
};

export type Authentication =
  | { auth: AuthContext }
  | { auth: null; reason: 'unknown' | 'revoked' | 'expired' | 'suspended'; key: Pick<AuthContext, 'keyId' | 'vendorId'> | null };

@Injectable()
export class ApiKeysService {
  private readonly cache = new Map<string, { auth: AuthContext; until: number }>();
  private readonly touched = new Map<string, number>();

  constructor(
    private readonly database: Database,
    private readonly keys: ApiKeysRepository,
    private readonly audit: AuditService,
  ) {}

  /** The owner of the key, or why it is refused; the reason goes to the audit log, not to the caller. */
  async authenticate(secret: string): Promise<Authentication> {
    const hash = digest(secret);
    const cacheKey = hash.toString('base64');
    const cached = this.cache.get(cacheKey);
    if (cached && cached.until > Date.now()) return cached;
    const found = await this.keys.findByHash(hash);
    if (!found || found.refused) this.cache.delete(cacheKey);
    if (!found) return { auth: null, reason: 'unknown', key: null };
    const { key, refused } = found;
    if (refused) return { auth: null, reason: refused, key: { keyId: key.id, vendorId: key.vendorId } };
    const auth: AuthContext = Object.freeze({
      keyId: key.id,
      scopes: key.scopes,
      vendorId: key.vendorId,
      labelerId: key.labelerId,
      labelingBatchId: key.labelingBatchId,
    });
    if (this.cache.size >= remembered) this.cache.clear();
    this.cache.set(cacheKey, { auth, until: Math.min(Date.now() + cacheMs, key.expiresAt?.getTime() ?? Infinity) });
    await this.touch(key.id);
    return { auth };
  }

  /** Whether the key was valid when it was used last; kept for as long as there is room. */
  knows(secret: string): boolean {
    return this.cache.has(digest(secret).toString('base64'));
  }

  /** @param vendorId whose the key will be; null makes a key of the owner */
  create(dto: CreateApiKeyDto, vendorId: string | null = null, actor: Actor = 'system'): Promise<CreatedKey> {
    return this.database.transaction(async (tx) => {
      const made = await this.insert(tx, { ...dto, expiresAt: dto.expiresAt ?? null, vendorId });
      await this.note(tx, actor, 'api_key.created', made, { scopes: made.scopes, expiresAt: made.expiresAt });
      return made;
    });
  }

  /** A key limited to one labeler's tasks, and to one batch if given. */
  createSession(
    actor: Actor,
    session: { labelerId: string; labelingBatchId: string | null; vendorId: string | null; expiresAt: Date },
  ): Promise<CreatedKey> {
    return this.database.transaction(async (tx) => {
      const made = await this.insert(tx, { ...session, name: `session of labeler ${session.labelerId}`, scopes: ['tasks:work'] });
      const { labelerId, labelingBatchId, expiresAt } = session;
      await this.note(tx, actor, 'api_key.created', made, { labelerId, labelingBatchId, expiresAt });
      return made;
    });
  }

  /**
   * Makes the key of the environment valid and revokes the one that was in its place before, so that a key that leaked ends
   * with a new setting. One that a person revoked stays revoked.
   */
  async ensureAdmin(secret: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      await this.keys.lockAdmins(tx);
      const facts = { name: 'admin from the environment', scopes: ['admin' as const], expiresAt: null, vendorId: null };
      const key = { ...row(secret, facts), prefix: '', fromEnvironment: true };
      if (await this.keys.insertOnce(tx, key)) await this.note(tx, 'system', 'api_key.created', key, { scopes: key.scopes });
      const given = (await this.keys.findByHash(key.hash))!.key;
      for (const old of await this.keys.othersFromEnvironment(tx, given.id)) {
        await this.keys.replaceFromEnvironment(tx, old.id, given.id);
        await this.note(tx, 'system', 'api_key.revoked', old, { successorId: given.id, reason: 'PLUMBLINE_ADMIN_KEY changed' });
      }
      // Back to an earlier key.
      const successor = given.successorId === null ? null : await this.keys.find(given.successorId, undefined);
      if (given.revokedAt !== null && successor?.fromEnvironment) {
        await this.keys.reinstate(tx, given.id);
        await this.note(tx, 'system', 'api_key.created', given, { scopes: given.scopes });
      }
    });
    this.cache.clear();
  }

  /** Makes the first admin key when there is none that is valid; null when there is one. */
  createFirstAdmin(): Promise<string | null> {
    return this.database.transaction(async (tx) => {
      // If two processes start at once, the second finds the key of the first.
      await this.keys.lockAdmins(tx);
      if (await this.keys.anyAdmin(tx)) return null;
      return (await this.create({ name: 'first admin', scopes: ['admin'] })).secret;
    });
  }

  /** @param vendorId whose keys are seen; undefined sees all */
  async list(query: PageQuery, vendorId?: string): Promise<Page<ApiKey>> {
    const request = pageRequest(query);
    return toPage(await this.keys.page(request, vendorId), request, (key) => key.id);
  }

  /** Sessions of a labeler, over or not, the latest first. */
  async listSessions(labelerId: string, query: PageQuery): Promise<Page<ApiKey>> {
    const request = pageRequest(query);
    return toPage(await this.keys.sessionPage(labelerId, request), request, (key) => key.id);
  }

  async get(id: string, vendorId?: string): Promise<ApiKey> {
    const key = await this.keys.find(id, vendorId);
    if (!key) throw notFound('api_key', id);
    return key;
  }

  /** Revoking twice is the same as revoking once. */
  revoke(actor: Actor, id: string, vendorId?: string): Promise<void> {
    return this.revokeOf(actor, id, { vendorId }, 'api_key');
  }

  /** @throws ProblemException 404 where it is no session of this labeler */
  revokeSession(actor: Actor, id: string, labelerId: string): Promise<void> {
    return this.revokeOf(actor, id, { labelerId }, 'labeler_session');
  }

  private async revokeOf(actor: Actor, id: string, of: KeyOf, kind: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const key = await this.keys.lock(tx, id, of);
      if (!key) throw notFound(kind, id);
      if (key.revokedAt !== null) return;
      await this.keys.revoke(tx, id);
      await this.note(tx, actor, 'api_key.revoked', key);
    });
    this.cache.clear();
  }

  /** A new key that may do the same; the old one works on for a while, or until it would have expired. */
  async rotate(actor: Actor, id: string, dto: RotateApiKeyDto, vendorId?: string): Promise<CreatedKey> {
    const graceSeconds = dto.graceSeconds ?? defaultGraceSeconds;
    const made = await this.database.transaction(async (tx) => {
      const old = await this.keys.lock(tx, id, { vendorId });
      if (!old) throw notFound('api_key', id);
      if (old.successorId !== null) throw conflict('api_key_rotated', `the API key was already replaced by ${old.successorId}`);
      if (old.revokedAt !== null) throw conflict('api_key_revoked', `API key ${id} is revoked: create a new one`);
      if (old.expiresAt !== null && old.expiresAt.getTime() <= Date.now()) {
        throw conflict('api_key_expired', `API key ${id} has expired: create a new one`);
      }
      const { name, scopes, labelerId, labelingBatchId } = old;
      const successor = await this.insert(tx, { name, scopes, labelerId, labelingBatchId, vendorId: old.vendorId, expiresAt: dto.expiresAt ?? sameLife(old) });
      await this.keys.succeed(tx, id, successor.id, graceSeconds);
      await this.note(tx, actor, 'api_key.rotated', old, { successorId: successor.id, graceSeconds });
      return successor;
    });
    this.cache.clear();
    return made;
  }

  private async insert(tx: Transaction, key: KeyFacts): Promise<CreatedKey> {
    const secret = newSecret();
    return { ...(await this.keys.insert(tx, row(secret, key))), secret };
  }

  private note(
    tx: Transaction,
    actor: Actor,
    action: 'api_key.created' | 'api_key.revoked' | 'api_key.rotated',
    { id, name, vendorId }: NewApiKey,
    more: Record<string, unknown> = {},
  ): Promise<void> {
    return this.audit.record(tx, actor, { action, resource: { type: 'api_key', id }, detail: { name, vendorId, ...more } });
  }

  private async touch(id: string): Promise<void> {
    const now = Date.now();
    if (now - (this.touched.get(id) ?? 0) < touchMs) return;
    if (this.touched.size >= remembered) this.touched.clear();
    this.touched.set(id, now);
    await this.keys.touch(id);
  }
}

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function newSecret(): string {
  return `plk_${randomBytes(24).toString('base64url')}`;
}

/** From now, with the lifetime of the old key. */
function sameLife({ createdAt, expiresAt }: ApiKey): Date | null {
  return expiresAt && new Date(Date.now() + expiresAt.getTime() - createdAt.getTime());
}

interface KeyFacts {
  name: string;
  scopes: Scope[];
  expiresAt: Date | null;
  vendorId: string | null;
  labelerId?: string | null;
  labelingBatchId?: string | null;
}

function row(secret: string, facts: KeyFacts): NewApiKey {
  const { name, scopes, expiresAt, vendorId, labelerId = null, labelingBatchId = null } = facts;
  const unused = { revokedAt: null, lastUsedAt: null, successorId: null, fromEnvironment: false };
  return { id: newId(), name, prefix: secret.slice(0, 8), hash: digest(secret), scopes, vendorId, labelerId, labelingBatchId, expiresAt, ...unused };
}
