import request from 'supertest';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../support/app.js';

let t: TestApp;
beforeAll(async () => {
  t = await createTestApp({ BODY_LIMIT_BYTES: '2048' });
});
afterAll(() => t.close());

test('health needs no key and carries security headers', async () => {
  const answer = await request(t.http).get('/readyz').expect(200, { status: 'ok' });
  expect(answer.headers['x-content-type-options']).toBe('nosniff');
  expect(answer.headers['content-security-policy']).toContain("default-src 'self'");
});

test.each([
  [undefined, 'api_key_missing'],
  ['Bearer plk_wrong', 'api_key_invalid'],
])('no or a wrong key: %s', async (authorization, code) => {
  const call = request(t.http).get('/v1/api-keys');
  if (authorization) call.set('Authorization', authorization);
  const answer = await call.expect(401).expect('content-type', /application\/problem\+json/);
  expect(answer.body).toMatchObject({ code, status: 401, instance: '/v1/api-keys' });
});

test('a key without the scope is refused and told which one', async () => {
  const answer = await request(t.http).get('/v1/api-keys').set(await t.keyWith('jobs:read')).expect(403);
  expect(answer.body).toMatchObject({ code: 'scope_missing', detail: 'this route needs the scope admin' });
});

test('a key works until it is revoked; its secret is stored nowhere', async () => {
  const created = await request(t.http)
    .post('/v1/api-keys')
    .set(t.admin)
    .send({ name: 'temporary', scopes: ['admin'] })
    .expect(201);
  const { id, secret } = created.body as { id: string; secret: string };
  const header = { Authorization: `Bearer ${secret}` };
  const list = await request(t.http).get('/v1/api-keys').set(header).expect(200);
  expect(JSON.stringify(list.body)).not.toContain(secret);
  await request(t.http).delete(`/v1/api-keys/${id}`).set(t.admin).expect(204);
  await request(t.http).get('/v1/api-keys').set(header).expect(401);
});

test('unknown fields, wrong types and bodies too large have codes of their own', async () => {
  const post = (body: object) => request(t.http).post('/v1/api-keys').set(t.admin).send(body);
  const unknown = await post({ name: 'x', scopes: ['admin'], colour: 'red' }).expect(422);
  expect(unknown.body).toMatchObject({ code: 'unknown_field', errors: [{ pointer: '/colour', value: 'red' }] });
  const wrong = await post({ name: 7, scopes: ['all'] }).expect(422);
  expect(wrong.body).toMatchObject({ code: 'validation_failed' });
  expect((wrong.body as { errors: { pointer: string }[] }).errors.map((e) => e.pointer)).toEqual(
    expect.arrayContaining(['/name', '/scopes']),
  );
  const large = await post({ name: 'x'.repeat(5000), scopes: ['admin'] }).expect(413);
  expect(large.body).toMatchObject({ code: 'body_too_large' });
  const broken = await request(t.http).post('/v1/api-keys').set(t.admin).type('json').send('{"name":').expect(400);
  expect(broken.body).toMatchObject({ code: 'malformed_request' });
});

test('an unknown route and an invalid cursor are problems too', async () => {
  const route = await request(t.http).get('/v1/nothing').set(t.admin).expect(404);
  expect(route.body).toMatchObject({ code: 'route_not_found' });
  const cursor = await request(t.http).get('/v1/api-keys?cursor=xyz').set(t.admin).expect(400);
  expect(cursor.body).toMatchObject({ code: 'invalid_cursor' });
});

test('the same Idempotency-Key gives the first answer again; with another body it is refused', async () => {
  const post = (text: string) =>
    request(t.http).post('/v1/prompts').set(t.admin).set('Idempotency-Key', 'k-1').send({ text });
  const first = await post('once').expect(201);
  const again = await post('once').expect(201).expect('idempotency-replayed', 'true');
  expect((again.body as { id: string }).id).toBe((first.body as { id: string }).id);
  const other = await post('twice').expect(422);
  expect(other.body).toMatchObject({ code: 'idempotency_key_reused' });
});

test('an answer that holds a secret is not kept for its Idempotency-Key', async () => {
  const post = () =>
    request(t.http)
      .post('/v1/api-keys')
      .set(t.admin)
      .set('Idempotency-Key', 'k-3')
      .send({ name: 'n', scopes: ['jobs:read'] });
  const { secret } = (await post().expect(201)).body as { secret: string };
  expect((await post().expect(409)).body).toMatchObject({ code: 'answer_not_kept' });
  const stored = await t.app.get(DataSource).query<unknown[]>('SELECT body FROM idempotency_keys');
  expect(JSON.stringify(stored)).not.toContain(secret);
});

test('a failure frees its Idempotency-Key', async () => {
  const post = (scopes: string[]) =>
    request(t.http).post('/v1/api-keys').set(t.admin).set('Idempotency-Key', 'k-2').send({ name: 'n', scopes });
  await post(['nonsense']).expect(422);
  await post(['jobs:read']).expect(201);
});

test('requests beyond the limit are told to wait', async () => {
  const limited = await createTestApp({ RATE_LIMIT_PER_MINUTE: '3' });
  try {
    for (let i = 0; i < 3; i++) await request(limited.http).get('/v1/api-keys').set(limited.admin).expect(200);
    const answer = await request(limited.http).get('/v1/api-keys').set(limited.admin).expect(429);
    expect(answer.body).toMatchObject({ code: 'rate_limited' });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  } finally {
    await limited.close();
  }
});
