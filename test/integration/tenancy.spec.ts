// Vendors, their keys and what the audit log says of them.
import { rmSync } from 'node:fs';
import request from 'supertest';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { AppModule } from '#src/app.module.js';
import { vendorScopes } from '#src/auth/scopes.js';
import { newId } from '#src/common/id.js';
import { createHttpApp } from '#src/http/http-app.js';
import { withSql } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';

let t: TestApp;
beforeAll(async () => {
  t = await createTestApp();
});
afterAll(() => t.close());

type Key = { Authorization: string };
const post = (path: string, key: Key, body: object = {}) => request(t.http).post(path).set(key).send(body);
const get = (path: string, key: Key = t.admin) => request(t.http).get(path).set(key);
const bearer = (secret: string): Key => ({ Authorization: `Bearer ${secret}` });
const acts = async (query: string) => (await get(`/v1/audit-log?${query}`).expect(200)).body.data;

test('a vendor is made once, renamed, suspended and let in again', async () => {
  const name = `Acme ${newId()}`;
  const { body: vendor } = await post('/v1/vendors', t.admin, { name }).expect(201);
  const taken = await post('/v1/vendors', t.admin, { name }).expect(409);
  expect(taken.body).toMatchObject({ code: 'vendor_exists', errors: [{ pointer: '/name', value: name }] });
  const patch = (body: object) => request(t.http).patch(`/v1/vendors/${vendor.id}`).set(t.admin).send(body);
  expect((await patch({ name: `${name} Ltd` }).expect(200)).body).toMatchObject({ id: vendor.id, name: `${name} Ltd`, suspendedAt: null });
  await patch({}).expect(422);

  const key = await t.vendorKey(vendor.id, 'vendors:read');
  await patch({ suspended: true }).expect(200);
  await get('/v1/vendors', key).expect(401);
  await patch({ suspended: false }).expect(200);
  expect((await get('/v1/vendors', key).expect(200)).body.data).toMatchObject([{ id: vendor.id }]);
  expect((await acts(`resource=vendor:${vendor.id}`)).map((entry: { action: string; detail: object }) => [entry.action, entry.detail])).toEqual([
    ['vendor.updated', { suspended: false }],
    ['vendor.updated', { suspended: true }],
    ['vendor.updated', { name: `${name} Ltd`, nameBefore: name }],
    ['vendor.created', { name }],
  ]);
});

test('a vendor sees itself and its keys, and no other vendor', async () => {
  const [mine, other] = [await t.givenVendor(), await t.givenVendor()];
  const [key, foreign] = [await t.vendorKey(mine), await t.vendorKey(other)];
  expect((await get('/v1/vendors', key).expect(200)).body.data).toMatchObject([{ id: mine }]);
  expect((await get(`/v1/vendors/${mine}/api-keys`, key).expect(200)).body.data).toMatchObject([{ vendorId: mine }]);
  const absent = await get(`/v1/vendors/${newId()}`, key).expect(404);
  const hidden = await get(`/v1/vendors/${other}`, key).expect(404);
  expect(hidden.body.code).toBe(absent.body.code);
  const [{ id: foreignKeyId }] = (await get(`/v1/vendors/${other}/api-keys`, foreign).expect(200)).body.data;
  await get(`/v1/vendors/${other}/api-keys`, key).expect(404);
  await post(`/v1/vendors/${mine}/api-keys/${foreignKeyId}/rotate`, key).expect(404);
  await request(t.http).delete(`/v1/vendors/${mine}/api-keys/${foreignKeyId}`).set(key).expect(404);
  await get('/v1/vendors', foreign).expect(200);
});

test('a vendor gives keys no more than it has, and nobody gives one more than a vendor may have', async () => {
  const vendorId = await t.givenVendor();
  const path = `/v1/vendors/${vendorId}/api-keys`;
  const beyond = await post(path, t.admin, { name: 'x', scopes: ['prompts:read'] }).expect(422);
  expect(beyond.body).toMatchObject({ code: 'validation_failed', errors: [{ pointer: '/scopes' }] });
  const some = await t.vendorKey(vendorId, 'vendors:write', 'tasks:work');
  const refused = await post(path, some, { name: 'x', scopes: ['tasks:work', 'ratings:read'] }).expect(403);
  expect(refused.body).toMatchObject({ code: 'scope_not_held', errors: [{ value: 'ratings:read' }] });
  await post(path, some, { name: 'x', scopes: ['tasks:work'] }).expect(201);
  const wide = (await post(path, t.admin, { name: 'wide', scopes: [...vendorScopes] }).expect(201)).body;
  await post(`${path}/${wide.id}/rotate`, some).expect(403);
});

test('rotation leaves both keys working until the grace period is over', async () => {
  const vendorId = await t.givenVendor();
  const path = `/v1/vendors/${vendorId}/api-keys`;
  const old = (await post(path, t.admin, { name: 'production', scopes: ['vendors:read', 'vendors:write'] }).expect(201)).body;
  const next = (await post(`${path}/${old.id}/rotate`, bearer(old.secret), { graceSeconds: 1 }).expect(201)).body;
  expect(next).toMatchObject({ name: 'production', scopes: old.scopes, vendorId, expiresAt: null });
  await get(path, bearer(next.secret)).expect(200);
  const kept = (await get(path, bearer(old.secret)).expect(200)).body.data.find((key: { id: string }) => key.id === old.id);
  expect(kept).toMatchObject({ successorId: next.id, lastUsedAt: expect.any(String) });
  expect((await post(`${path}/${old.id}/rotate`, t.admin).expect(409)).body.code).toBe('api_key_rotated');
  // The cache may not outlive the key.
  await vi.waitFor(() => get(path, bearer(old.secret)).expect(401), { timeout: 3000, interval: 100 });
  await get(path, bearer(next.secret)).expect(200);
  expect(await acts(`resource=api_key:${old.id}&action=api_key.rotated`)).toMatchObject([
    { actor: { type: 'api_key', apiKeyId: old.id, vendorId }, detail: { successorId: next.id, graceSeconds: 1 } },
  ]);
});

test('a successor lives as long as the old key was made to, and the old one never longer', async () => {
  const path = `/v1/vendors/${await t.givenVendor()}/api-keys`;
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  const old = (await post(path, t.admin, { name: 'short', scopes: ['tasks:work'], expiresAt }).expect(201)).body;
  const next = (await post(`${path}/${old.id}/rotate`, t.admin, { graceSeconds: 86_400 }).expect(201)).body;
  expect(new Date(next.expiresAt).getTime() - Date.now()).toBeGreaterThan(3_590_000);
  const [kept] = (await get(path).expect(200)).body.data;
  expect(kept).toMatchObject({ id: old.id, expiresAt });
});

test('a revoked key is refused by every process within two seconds', async () => {
  const second = await createHttpApp(AppModule.forRoot(t.config), t.config, false);
  await second.init();
  await second.getHttpAdapter().getInstance().ready();
  try {
    const path = `/v1/vendors/${await t.givenVendor()}/api-keys`;
    const made = (await post(path, t.admin, { name: 'leaked', scopes: ['vendors:read'] }).expect(201)).body;
    const there = () => request(second.getHttpServer()).get('/v1/vendors').set(bearer(made.secret));
    await there().expect(200);
    await request(t.http).delete(`${path}/${made.id}`).set(t.admin).expect(204);
    await request(t.http).delete(`${path}/${made.id}`).set(t.admin).expect(204);
    await get('/v1/vendors', bearer(made.secret)).expect(401);
    await sleep(2_050);
    await there().expect(401);
    expect((await post(`${path}/${made.id}/rotate`, t.admin).expect(409)).body.code).toBe('api_key_revoked');
    expect(await acts(`resource=api_key:${made.id}&action=api_key.revoked`)).toHaveLength(1);
  } finally {
    await second.close();
  }
});

test('the owner makes labelers for a vendor; a vendor makes its own only', async () => {
  const [mine, other] = [await t.givenVendor(), await t.givenVendor()];
  const key = await t.vendorKey(mine);
  const { body: labeler } = await post('/v1/labelers', t.admin, { externalId: 'w1', vendorId: mine }).expect(201);
  expect((await get('/v1/labelers', key).expect(200)).body.data).toMatchObject([{ id: labeler.id, vendorId: mine }]);
  expect((await get(`/v1/labelers?vendorId=${mine}`).expect(200)).body.data).toHaveLength(1);
  expect((await get(`/v1/labelers?vendorId=${mine}`, await t.vendorKey(other)).expect(200)).body.data).toEqual([]);
  for (const vendorId of [other, newId()]) {
    expect((await post('/v1/labelers', key, { externalId: 'w2', vendorId }).expect(422)).body.code).toBe('vendor_not_found');
  }
});

test('failed authentications and refusals are counted, and no secret is written down', async () => {
  const revoked = (await post('/v1/api-keys', t.admin, { name: 'gone', scopes: ['jobs:read'] }).expect(201)).body;
  await request(t.http).delete(`/v1/api-keys/${revoked.id}`).set(t.admin).expect(204);
  for (let i = 0; i < 5; i++) await get('/v1/jobs', bearer(revoked.secret)).expect(401);
  for (let i = 0; i < 5; i++) await get('/v1/jobs', bearer(`plk_guess${i}`)).expect(401);
  const weak = await t.vendorKey(await t.givenVendor(), 'tasks:work');
  for (let i = 0; i < 5; i++) await get('/v1/vendors', weak).expect(403);
  await vi.waitFor(async () => expect(await acts('action=access.refused')).not.toEqual([]));
  const failures = await acts(`action=authentication.failed&actor=${revoked.id}`);
  expect(failures).toMatchObject([{ detail: { reason: 'revoked', count: 1, address: expect.any(String) } }]);
  expect(await acts('action=access.refused')).toMatchObject([{ detail: { route: '/v1/vendors', method: 'GET', scopes: ['vendors:read'], count: 1 } }]);
  const all = JSON.stringify(await withSql(t, async (sql) => (await sql.query('SELECT * FROM audit_log')).rows));
  for (const secret of [revoked.secret, 'plk_guess', t.adminKey, weak.Authorization.slice(7)]) expect(all).not.toContain(secret);
});

test('what was counted is written down when the process ends', async () => {
  const short = await createTestApp();
  for (let i = 0; i < 7; i++) await request(short.http).get('/v1/jobs').set(bearer('plk_wrong')).expect(401);
  await short.app.close();
  const rows = await withSql(short, async (sql) => (await sql.query(`SELECT detail FROM audit_log WHERE action = 'authentication.failed' ORDER BY id`)).rows);
  expect(rows.map(({ detail }) => [detail.reason, detail.count])).toEqual([['unknown', 1], ['unknown', 6]]);
  await short.database.drop();
  rmSync(short.config.dataDir, { recursive: true, force: true });
});

test('the audit log is for admins, pages, filters by time, and cannot be changed', async () => {
  await get('/v1/audit-log', await t.keyWith('vendors:read', 'vendors:write')).expect(403);
  const first = (await get('/v1/audit-log?limit=2').expect(200)).body;
  expect(first).toMatchObject({ hasMore: true });
  const second = (await get(`/v1/audit-log?limit=2&cursor=${first.nextCursor}`).expect(200)).body;
  const ids = [...first.data, ...second.data].map(({ id }: { id: string }) => id);
  expect(ids).toEqual([...ids].sort().reverse());
  expect(await acts(`from=${new Date(Date.now() + 60_000).toISOString()}`)).toEqual([]);
  expect(await acts(`to=${first.data[1].createdAt}`)).not.toContainEqual(expect.objectContaining({ id: first.data[1].id }));
  for (const query of ['resource=vendor:7', 'actor=me', 'action=sneezed', 'from=yesterday']) await get(`/v1/audit-log?${query}`).expect(422);
  for (const sql of [`UPDATE audit_log SET detail = '{}'`, 'DELETE FROM audit_log', 'TRUNCATE audit_log']) {
    await expect(withSql(t, (client) => client.query(sql))).rejects.toThrow('audit_log is append-only');
  }
});
