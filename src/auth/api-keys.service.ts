import { Injectable } from '@nestjs/common';
import { createHash, randomBytes } from 'node:crypto';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page, type PageQuery } from '#src/common/pagination.js';
import { notFound } from '#src/common/problem.js';
import type { ApiKey } from './api-key.entity.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import type { AuthContext } from './auth.js';
import type { CreateApiKeyDto } from './api-keys.dto.js';
import type { Scope } from './scopes.js';

/** How long a key that was found valid is trusted without asking the database again. */
const cacheMs = 2_000;
const touchMs = 60_000;

export interface CreatedKey {
  key: ApiKey;
  /** Plain text, known only now. */
  secret: string;
}

@Injectable()
export class ApiKeysService {
  private readonly cache = new Map<string, { auth: AuthContext; until: number }>();
  private readonly touched = new Map<string, number>();

  constructor(private readonly keys: ApiKeysRepository) {}

  async authenticate(secret: string): Promise<AuthContext | null> {
    const hash = digest(secret);
    const cacheKey = hash.toString('base64');
    const cached = this.cache.get(cacheKey);
    if (cached && cached.until > Date.now()) return cached.auth;
    this.cache.delete(cacheKey);
    const key = await this.keys.findValid(hash);
    if (!key) return null;
    const auth: AuthContext = Object.freeze({ keyId: key.id, scopes: key.scopes, vendorId: key.vendorId });
    if (this.cache.size > 10_000) this.cache.clear();
    this.cache.set(cacheKey, { auth, until: Date.now() + cacheMs });
    await this.touch(key.id);
    return auth;
  }

  async create(dto: CreateApiKeyDto): Promise<CreatedKey> {
    const secret = newSecret();
    const key = await this.keys.insert(row(secret, dto.name, dto.scopes, dto.expiresAt ?? null));
    return { key, secret };
  }

  /** The key given by the environment; kept when it is there already. */
  async ensureAdmin(secret: string): Promise<void> {
    await this.keys.insertOnce(row(secret, 'admin from the environment', ['admin'], null));
  }

  /** Makes the first admin key when there is none; null when there is one. */
  async createFirstAdmin(): Promise<string | null> {
    if (await this.keys.anyAdmin()) return null;
    const { secret } = await this.create({ name: 'first admin', scopes: ['admin'] });
    return secret;
  }

  async list(query: PageQuery): Promise<Page<ApiKey>> {
    const request = pageRequest(query);
    return toPage(await this.keys.page(request), request, (key) => key.id);
  }

  async revoke(id: string): Promise<void> {
    if (!(await this.keys.revoke(id))) throw notFound('api_key', id);
    this.cache.clear();
  }

  private async touch(id: string): Promise<void> {
    const now = Date.now();
    if (now - (this.touched.get(id) ?? 0) < touchMs) return;
    this.touched.set(id, now);
    await this.keys.touch(id);
  }
}

export function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

export function newSecret(): string {
  return `plk_${randomBytes(24).toString('base64url')}`;
}

function row(secret: string, name: string, scopes: Scope[], expiresAt: Date | null): Omit<ApiKey, 'createdAt'> {
  return {
    id: newId(),
    name,
    prefix: secret.slice(0, 8),
    hash: digest(secret),
    scopes,
    vendorId: null,
    expiresAt,
    revokedAt: null,
    lastUsedAt: null,
  };
}
