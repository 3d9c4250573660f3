// The keys that a process makes at its boot.
import request from 'supertest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiKeysService } from '#src/auth/api-keys.service.js';
import { withSql } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';

let t: TestApp;
let keys: ApiKeysService;
beforeAll(async () => {
  t = await createTestApp();
  keys = t.get(ApiKeysService);
});
afterAll(() => t.close());

const sql = (text: string) => withSql(t, (client) => client.query(text));
const status = async (secret: string) => (await request(t.http).get('/v1/api-keys').set({ Authorization: `Bearer ${secret}` })).status;
const [one, two, three] = ['one', 'two', 'three'].map((word) => `correct-horse-battery-staple-${word}`);

test('a new PLUMBLINE_ADMIN_KEY ends the old one, and the audit log says so', async () => {
  await keys.ensureAdmin(one);
  expect(await status(one)).toBe(200);
  await keys.ensureAdmin(one);
  await keys.ensureAdmin(two);
  expect([await status(one), await status(two)]).toEqual([401, 200]);
  const { body } = await request(t.http).get('/v1/api-keys').set(t.admin).expect(200);
  const [old, current] = body.data.filter((key: { fromEnvironment: boolean }) => key.fromEnvironment);
  // Nothing is shown of what people chose.
  expect([old, current]).toMatchObject([{ prefix: '', successorId: current.id }, { prefix: '', revokedAt: null }]);
  const audit = await request(t.http).get(`/v1/audit-log?action=api_key.revoked&resource=api_key:${old.id}`).set(t.admin).expect(200);
  expect(audit.body.data).toMatchObject([{ detail: { successorId: current.id, reason: 'PLUMBLINE_ADMIN_KEY changed' } }]);
  // And back again, which is what the environment says.
  await keys.ensureAdmin(one);
  expect([await status(one), await status(two)]).toEqual([200, 401]);
});

test('a key of the environment that a person revoked stays revoked', async () => {
  await keys.ensureAdmin(three);
  expect(await status(three)).toBe(200);
  const { body } = await request(t.http).get('/v1/api-keys').set(t.admin).expect(200);
  const { id } = body.data.findLast((key: { fromEnvironment: boolean }) => key.fromEnvironment);
  await request(t.http).delete(`/v1/api-keys/${id}`).set(t.admin).expect(204);
  await keys.ensureAdmin(three);
  expect(await status(three)).toBe(401);
});

test('processes that start at once make one first admin, also where the last one has expired', async () => {
  expect(await keys.createFirstAdmin()).toBeNull();
  await sql(`UPDATE api_keys SET expires_at = now() - interval '1 second'`);
  const made = (await Promise.all(Array.from({ length: 5 }, () => keys.createFirstAdmin()))).filter((secret) => secret !== null);
  expect(made).toHaveLength(1);
  expect(await status(made[0])).toBe(200);
});
