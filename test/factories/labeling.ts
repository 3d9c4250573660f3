import request from 'supertest';
import { newId } from '#src/common/id.js';
import type { Scope } from '#src/auth/scopes.js';
import { ApiKeysRepository } from '#src/auth/api-keys.repository.js';
import { digest, newSecret } from '#src/auth/api-keys.service.js';
import type { TestApp } from '../support/app.js';
import { withSql } from './ratings.js';

export interface GivenVendor {
  id: string;
  key: { Authorization: string };
  /** Ids of its labelers, in the order of the names. */
  labelers: string[];
}

/** A vendor with a key and labelers of its own. */
export async function givenVendor(t: TestApp, name: string, labelerNames: string[]): Promise<GivenVendor> {
  const id = newId();
  const secret = newSecret();
  const scopes: Scope[] = ['labeling:read', 'tasks:work', 'ratings:read', 'ratings:write'];
  await withSql(t, (sql) => sql.query('INSERT INTO vendors (id, name) VALUES ($1, $2)', [id, name]));
  await t.get(ApiKeysRepository).insert({
    id: newId(),
    name,
    prefix: secret.slice(0, 8),
    hash: digest(secret),
    scopes,
    vendorId: id,
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
  });
  const key = { Authorization: `Bearer ${secret}` };
  const labelers: string[] = [];
  for (const externalId of labelerNames) {
    const { body } = await request(t.http).post('/v1/labelers').set(key).send({ externalId }).expect(201);
    labelers.push(body.id as string);
  }
  return { id, key, labelers };
}
