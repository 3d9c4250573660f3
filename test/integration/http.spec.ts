import { setTimeout as sleep } from 'node:timers/promises';
import request from 'supertest';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IdempotencyInterceptor } from '#src/auth/idempotency.interceptor.js';
import { IdempotencyRepository } from '#src/auth/idempotency.repository.js';
import { givenCriterionVersion, givenLabeler, givenPrompt, withSql } from '../factories/ratings.js';
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

test('the document is served with a tag, and without webhooks where that is asked for', async () => {
  const whole = await request(t.http).get('/openapi.json').expect(200).expect('content-type', /application\/json/);
  expect(Object.keys(whole.body.webhooks)).toContain('job.succeeded');
  expect(whole.headers['cache-control']).toContain('max-age');
  const reduced = await request(t.http).get('/openapi.json?webhooks=false').expect(200);
  expect(reduced.body).toEqual({ ...whole.body, webhooks: undefined });
  expect(reduced.headers.etag).not.toBe(whole.headers.etag);
  await request(t.http).get('/openapi.json').set('If-None-Match', whole.headers.etag).expect(304);
  await request(t.http).get('/docs').expect(200);
});

test('a key can ask what it is, whatever its scopes', async () => {
  const vendorId = await t.givenVendor();
  const mine = await request(t.http).get('/v1/me').set(await t.vendorKey(vendorId, 'tasks:work')).expect(200);
  expect(mine.body).toMatchObject({ scopes: ['tasks:work'], vendorId, labelerId: null });
  await request(t.http).get('/v1/me').expect(401);
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
  expect(answer.body).toMatchObject({ code: 'scope_missing', detail: 'the API key must have the scope admin' });
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

describe('an Idempotency-Key on a streamed body', () => {
  const bulk = (key: string) =>
    request(t.http).post('/v1/prompts/bulk').set(t.admin).set('Idempotency-Key', key).set('content-type', 'application/x-ndjson');
  const line = (text: string) => `${JSON.stringify({ text })}\n`;

  test('gives the first answer again to the same bytes, and to no others', async () => {
    const first = await bulk('b-1').send(line('aa')).expect(200);
    expect(first.body).toMatchObject({ created: 1 });
    const again = await bulk('b-1').send(line('aa')).expect(200).expect('idempotency-replayed', 'true');
    expect(again.body).toEqual(first.body);
    // Of the same length, longer, and nothing at all.
    for (const body of [line('bb'), line('aa') + line('bb'), '']) {
      expect((await bulk('b-1').send(body).expect(422)).body.code).toBe('idempotency_key_reused');
    }
    expect((await bulk('b-2').send('').expect(200)).body).toMatchObject({ created: 0 });
    expect((await bulk('b-2').send(line('aa')).expect(422)).body.code).toBe('idempotency_key_reused');
  });

  test('stays reserved while the first request is at work, for longer than a reservation is good', async () => {
    IdempotencyInterceptor.renewEveryMs = 50;
    const first = bulk('b-3');
    try {
      first.write(line('slow'));
      const { created_at: reserved } = await eventually(async () => (await reservation('b-3'))[0]);
      await t.app.get(DataSource).query(`UPDATE idempotency_keys SET created_at = now() - interval '2 minutes' WHERE key = 'b-3'`);
      await eventually(async () => (await reservation('b-3'))[0].created_at >= reserved);
      expect((await bulk('b-3').send(line('slow')).expect(409)).body.code).toBe('idempotency_key_in_use');
      expect((await first).body).toMatchObject({ created: 1 });
      expect((await bulk('b-3').send(line('slow')).expect(200)).headers['idempotency-replayed']).toBe('true');
      const made = await t.app.get(DataSource).query<unknown[]>(`SELECT FROM prompts WHERE text = 'slow'`);
      expect(made).toHaveLength(1);
    } finally {
      IdempotencyInterceptor.renewEveryMs = 20_000;
      // Where it failed above, the body is still open.
      first.abort();
    }
  });

  test('is free again when its process died', async () => {
    await t.app.get(DataSource).query(
      `INSERT INTO idempotency_keys (api_key_id, key, request_hash, created_at)
       SELECT api_key_id, 'b-4', 'whatever', now() - interval '61 seconds' FROM idempotency_keys LIMIT 1`,
    );
    expect((await bulk('b-4').send(line('anew')).expect(200)).body).toMatchObject({ created: 1 });
  });

  const reservation = (key: string) =>
    t.app.get(DataSource).query<{ created_at: Date }[]>('SELECT created_at FROM idempotency_keys WHERE key = $1', [key]);

  async function eventually<T>(look: () => Promise<T>): Promise<NonNullable<T>> {
    for (let tries = 0; tries < 100; tries++) {
      const seen = await look();
      if (seen) return seen;
      await sleep(50);
    }
    throw new Error('it did not come about in five seconds');
  }
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

describe('an Idempotency-Key and the work under it', () => {
  const sql = <T>(text: string, values: unknown[] = []) => t.app.get(DataSource).query<T[]>(text, values);
  const policy = (key: string, name: string) => request(t.http).post('/v1/policies').set(t.admin).set('Idempotency-Key', key).send({ name });

  test('an answer with any text in it is kept: bulk lines that are refused for their characters do not double the others', async () => {
    const criterionVersionId = await givenCriterionVersion(t);
    const labelerId = await givenLabeler(t, 'idem');
    const { completionIds } = await givenPrompt(t, 'rate me', [{ text: 'a' }, { text: 'b' }]);
    for (const [n, bad] of ['x\0y', `${'a'.repeat(116)}😀 and more`, '\ud83d'].entries()) {
      const lines = [...completionIds, bad].map((completionId) => JSON.stringify({ completionId, criterionVersionId, labelerId, score: 3 })).join('\n');
      const post = (path: string, body: string) =>
        request(t.http).post(path).set(t.admin).set('Idempotency-Key', `any-${n}`).set('content-type', 'application/x-ndjson').send(body);
      const first = await post('/v1/ratings/bulk', lines).expect(200);
      expect(first.body).toMatchObject({ created: 2, failed: 1 });
      const again = await post('/v1/ratings/bulk', lines).expect(200).expect('idempotency-replayed', 'true');
      expect(again.text).toBe(first.text);
      expect(await sql(`SELECT FROM ratings WHERE labeler_id = $1`, [labelerId])).toHaveLength(2 * (n + 1));
      const prompts = await request(t.http).post('/v1/prompts/bulk').set(t.admin).set('Idempotency-Key', `any-p-${n}`)
        .set('content-type', 'application/x-ndjson').send(JSON.stringify({ text: 'x\0y', [bad]: 1 })).expect(200);
      expect(prompts.body).toMatchObject({ created: 0, failed: 1 });
    }
  });

  test('whose answer cannot be kept is not done, and can be done again', async () => {
    await sql(`ALTER TABLE idempotency_keys ADD CONSTRAINT test_refuses CHECK (body NOT LIKE '%unlucky%')`);
    try {
      await policy('together', 'unlucky').expect(500);
      expect(await sql(`SELECT FROM policies WHERE name = 'unlucky'`)).toHaveLength(0);
      // What was read line by line is in, so that its answer goes out all the same.
      const bulk = request(t.http).post('/v1/prompts/bulk').set(t.admin).set('Idempotency-Key', 'landed').set('content-type', 'application/x-ndjson');
      expect((await bulk.send('{"unlucky": 1}\n{"text": "landed"}').expect(200)).body).toMatchObject({ created: 1, failed: 1 });
    } finally {
      await sql('ALTER TABLE idempotency_keys DROP CONSTRAINT test_refuses');
    }
    await policy('together', 'unlucky').expect(201);
    await policy('together', 'unlucky').expect(201).expect('idempotency-replayed', 'true');
    expect(await sql(`SELECT FROM policies WHERE name = 'unlucky'`)).toHaveLength(1);
  });

  test('of a process that dies before its commit, neither is there', async () => {
    const [{ pid }] = await new Promise<{ pid: number }[]>((resolve, reject) => {
      const interceptor = t.app.get(IdempotencyRepository, { strict: false });
      const complete = interceptor.complete.bind(interceptor);
      interceptor.complete = async (...answer) => {
        interceptor.complete = complete;
        await complete(...answer);
        const own = await sql<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        await withSql(t, (client) => client.query('SELECT pg_terminate_backend($1)', [own[0].pid]));
        resolve(own);
      };
      policy('cut off', 'nearly').expect(503).catch(reject);
    });
    expect(pid).toBeGreaterThan(0);
    await expect.poll(() => sql(`SELECT FROM idempotency_keys WHERE key = 'cut off'`)).toHaveLength(0);
    expect(await sql(`SELECT FROM policies WHERE name = 'nearly'`)).toHaveLength(0);
    await policy('cut off', 'nearly').expect(201);
  });

  test('refusals that look into the database are the same as without a key', async () => {
    for (const [path, body, code, second = body] of [
      ['policies', { name: 'twice' }, 'policy_name_taken'],
      ['criteria', { name: 'twice' }, 'criterion_exists'],
      ['labelers', { externalId: 'twice' }, 'labeler_exists', { externalId: 'twice', simulated: true }],
      ['vendors', { name: 'twice' }, 'vendor_exists'],
    ] as [string, object, string, object?][]) {
      const post = (key: string, sent: object) => request(t.http).post(`/v1/${path}`).set(t.admin).set('Idempotency-Key', key).send(sent);
      await post(`${path} 1`, body).expect(201);
      expect((await post(`${path} 2`, second).expect(409)).body.code).toBe(code);
    }
  });

  test('answers are dropped after 24 hours, some at a time', async () => {
    await sql(`UPDATE idempotency_keys SET created_at = now() - interval '25 hours'`);
    const { length } = await sql('SELECT FROM idempotency_keys');
    const answers = t.app.get(IdempotencyRepository, { strict: false });
    expect(await answers.forget(2)).toBe(2);
    expect(await answers.forget(1000)).toBe(length - 2);
    expect(await sql('SELECT FROM idempotency_keys')).toHaveLength(0);
  });
});
