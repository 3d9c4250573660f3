// What a request meets before its route, and what becomes of it when something is away: limits, slow clients, methods, other
// origins, refusals of the framework, and the traces that all of it leaves.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import request from 'supertest';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ApiKeysService } from '#src/auth/api-keys.service.js';
import { AppModule } from '#src/app.module.js';
import { readConfig } from '#src/config/config.js';
import { freePort, startEmbeddedPostgres } from '#src/database/embedded-postgres.js';
import { ensureDatabase, migrate } from '#src/database/migrate.js';
import { createHttpApp } from '#src/http/http-app.js';
import { prepareQueueSchema } from '#src/jobs/queue-schema.js';
import { logContext } from '#src/common/log-context.js';
import { createTestApp, type TestApp } from '../support/app.js';

let t: TestApp;
beforeAll(async () => {
  t = await createTestApp({ CORS_ORIGINS: 'https://app.example.com', SLOW_BODY_SECONDS: '1' });
});
afterAll(() => t.close());

const get = (path: string) => request(t.http).get(path).set(t.admin);
const unknownId = '019a8a5e-3f4b-7c1d-9e2a-5b6c7d8e9f00';

/** Sends text on a socket of its own; `answer` is all that comes back until the server ends. */
function raw(app: TestApp, text: string): { socket: Socket; answer: Promise<string> } {
  const { port } = app.http.address() as { port: number };
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (bytes) => (received += bytes.toString()));
  socket.on('error', () => undefined);
  socket.write(text);
  return { socket, answer: once(socket, 'close').then(() => received) };
}

/** Nobody foresaw that the table is not there. */
async function withoutPrompts<T>(work: () => PromiseLike<T>): Promise<T> {
  const rename = (from: string, to: string) => t.get(DataSource).query(`ALTER TABLE ${from} RENAME TO ${to}`);
  await rename('prompts', 'prompts_away');
  try {
    return await work();
  } finally {
    await rename('prompts_away', 'prompts');
  }
}

describe('refusals of the framework are problem documents', () => {
  it.each([
    [`/v1/jobs/${'x'.repeat(150)}`, 414, 'uri_too_long'],
    ['/v1/jobs/%', 400, 'malformed_request'],
    ['/v1/nothing', 404, 'route_not_found'],
  ])('%s', async (path, status, code) => {
    const answer = await get(path).expect(status).expect('content-type', /application\/problem\+json/);
    expect(answer.body).toMatchObject({ code, status, requestId: answer.headers['x-request-id'] });
  });

  it.each([
    ['headers of 20 kB', `GET /v1/jobs HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
    ['what is not HTTP', 'HELLO\r\n\r\n', 400, 'malformed_request'],
  ])('%s', async (_name, text, status, code) => {
    const answer = await raw(t, text).answer;
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('content-type: application/problem+json');
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ code, requestId: expect.any(String) });
  });
});

describe('methods', () => {
  it.each([
    ['delete', `/v1/jobs/${unknownId}`, 'GET, HEAD, OPTIONS'],
    ['put', '/v1/prompts', 'GET, HEAD, OPTIONS, POST'],
    ['patch', '/v1/prompts/bulk', 'GET, HEAD, OPTIONS, POST'],
  ] as const)('%s %s is 405 and tells what is allowed', async (method, path, allow) => {
    const answer = await request(t.http)[method](path).set(t.admin).expect(405).expect('allow', allow);
    expect(answer.body.code).toBe('method_not_allowed');
  });

  it('OPTIONS tells the methods of a path, without a key', async () => {
    await request(t.http).options('/v1/prompts').expect(204).expect('allow', 'GET, HEAD, OPTIONS, POST');
    await request(t.http).options('/v1/nothing').expect(404);
  });
});

describe('pages of other origins', () => {
  const preflight = (origin: string) =>
    request(t.http)
      .options(`/v1/jobs/${unknownId}/cancel`)
      .set({ origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' });

  it('may call where CORS_ORIGINS names them', async () => {
    const { headers } = await preflight('https://app.example.com').expect(204);
    expect(headers['access-control-allow-origin']).toBe('https://app.example.com');
    expect(headers['access-control-allow-methods']).toContain('POST');
    expect(headers['access-control-allow-headers']).toBe('authorization,content-type');
    const answer = await get('/v1/prompts').set('origin', 'https://app.example.com').expect(200);
    expect(answer.headers['access-control-allow-origin']).toBe('https://app.example.com');
    expect(answer.headers['access-control-expose-headers']).toContain('x-request-id');
    const refused = await request(t.http).get('/v1/prompts').set('origin', 'https://app.example.com').expect(401);
    expect(refused.headers['access-control-allow-origin']).toBe('https://app.example.com');
  });

  it('may not where it does not', async () => {
    expect((await preflight('https://evil.example.com')).headers).not.toHaveProperty('access-control-allow-origin');
    const closed = await createTestApp();
    try {
      const { headers } = await request(closed.http).get('/healthz').set('origin', 'https://app.example.com').expect(200);
      expect(headers).not.toHaveProperty('access-control-allow-origin');
    } finally {
      await closed.close();
    }
  });
});

describe('limits', () => {
  it('random keys share the limit of their address, whose good keys go on; letter cases share that of the key', async () => {
    const limited = await createTestApp({ RATE_LIMIT_PER_MINUTE: '5' });
    try {
      const ask = (authorization: string) => request(limited.http).get('/v1/prompts').set({ authorization });
      await ask(`Bearer ${limited.adminKey}`).expect(200);
      for (let i = 0; i < 5; i++) await ask(`Bearer plk_${i}`).expect(401);
      const look = vi.spyOn(limited.get(ApiKeysService), 'authenticate');
      const refused = await ask('Bearer plk_another').expect(429);
      expect(refused.body).toMatchObject({ code: 'rate_limited', detail: expect.stringMatching(/^this address/) });
      expect(look).not.toHaveBeenCalled();
      for (const scheme of ['bearer', 'BEARER', 'bEARER', 'Bearer']) await ask(`${scheme} ${limited.adminKey}`).expect(200);
      expect((await ask(`beareR ${limited.adminKey}`).expect(429)).body.detail).toMatch(/^this key/);
      await request(limited.http).get('/readyz').expect(200);
    } finally {
      await limited.close();
    }
  });

  it('forwarded addresses count only behind a proxy that is trusted', async () => {
    const from = (app: TestApp, address: string) => request(app.http).get('/v1/prompts').set('x-forwarded-for', address);
    const direct = await createTestApp({ RATE_LIMIT_PER_MINUTE: '2' });
    const behind = await createTestApp({ RATE_LIMIT_PER_MINUTE: '2', TRUST_PROXY: '1' });
    const named = await createTestApp({ RATE_LIMIT_PER_MINUTE: '2', TRUST_PROXY: '127.0.0.0/8' });
    try {
      for (const [app, last] of [[direct, 429], [behind, 401], [named, 401]] as const) {
        for (let i = 0; i < 2; i++) await from(app, `192.0.2.${i}`).expect(401);
        await from(app, '192.0.2.9').expect(last);
      }
      // Who stands before the proxy can name others, but not itself otherwise.
      for (let i = 0; i < 2; i++) await from(behind, `198.51.100.${i}, 192.0.2.77`).expect(401);
      await from(behind, '198.51.100.9, 192.0.2.77').expect(429);
      await request(behind.http).get('/v1/prompts').set({ authorization: 'Bearer plk_no', 'x-forwarded-for': '203.0.113.5' }).expect(401);
      const entries = () => request(behind.http).get('/v1/audit-log?action=authentication.failed').set(behind.admin);
      await vi.waitFor(async () => expect((await entries()).body.data[0]?.actor.address).toBe('203.0.113.5'), { timeout: 20_000 });
    } finally {
      await Promise.all([direct, behind, named].map((app) => app.close()));
    }
  });
});

describe('slow clients', () => {
  const head = (authorization: string, length = 1000) =>
    `POST /v1/prompts HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${authorization}content-length: ${length}\r\n\r\n`;

  it('without a key are refused before their body', async () => {
    const { socket, answer } = raw(t, `${head('')}{`);
    await once(socket, 'data');
    expect(await answer).toMatch(/^HTTP\/1.1 401 /);
  });

  it('with a key are refused when nothing comes any more', async () => {
    for (const type of ['json', 'x-ndjson']) {
      const text = head(`authorization: Bearer ${t.adminKey}\r\n`).replace('/json', `/${type}`).replace('prompts', type === 'json' ? 'prompts' : 'prompts/bulk');
      const answer = await raw(t, `${text}{`).answer;
      expect(answer).toMatch(/^HTTP\/1.1 408 /);
      expect(answer).toContain('request_timeout');
    }
  });

  it('that keep on sending may take as long as they want', async () => {
    const body = JSON.stringify({ text: 'x'.repeat(2_000) });
    const { socket, answer } = raw(t, head(`connection: close\r\nauthorization: Bearer ${t.adminKey}\r\n`, body.length));
    for (let at = 0; at < body.length; at += 300) {
      socket.write(body.slice(at, at + 300));
      await sleep(400);
    }
    expect(await answer).toMatch(/^HTTP\/1.1 201 /);
  });

  it('do not hold up a shutdown', async () => {
    const app = await createTestApp({ SHUTDOWN_GRACE_SECONDS: '1', SLOW_BODY_SECONDS: '3600' });
    const { socket, answer } = raw(app, `${head(`authorization: Bearer ${app.adminKey}\r\n`)}{`);
    await once(socket, 'connect');
    await sleep(200);
    await app.close();
    await answer;
  });
});

describe('traces', () => {
  it("a caller's own id comes back, one that is none does not", async () => {
    const own = await get('/v1/prompts').set('x-request-id', 'job-17/retry.2').expect(200);
    expect(own.headers['x-request-id']).toBe('job-17/retry.2');
    for (const bad of ['a b', 'x'.repeat(129), '"']) {
      expect((await get('/v1/prompts').set('x-request-id', bad).expect(200)).headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    }
    const refused = await get('/v1/prompts?limit=0').set('x-request-id', 'mine').expect(422);
    expect(refused.body.requestId).toBe('mine');
  });

  it('one line for each answer, and the place of what failed, with the ids of the request and no text', async () => {
    const lines: Record<string, unknown>[] = [];
    const keep = (level: string) => (message: unknown, ...rest: unknown[]) => void lines.push({ level, context: rest.at(-1), ...(message as object), within: logContext.getStore() });
    Logger.overrideLogger({ log: keep('info'), error: keep('error'), warn: keep('warn'), debug: keep('debug') });
    try {
      const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
      const headers = { 'x-request-id': 'r-1', traceparent: `00-${trace}-00f067aa0ba902b7-01` };
      await get('/v1/prompts?tag=secret-tag').set(headers).expect(200);
      await request(t.http).post('/v1/prompts').set(t.admin).set(headers).send({ text: 'secret text' }).expect(201);
      await request(t.http).get('/healthz').expect(200);
      const failed = await withoutPrompts(() => get(`/v1/prompts/${unknownId}`).set('x-request-id', 'r-2').expect(500));
      expect(failed.body).toEqual({
        type: expect.any(String), code: 'internal_error', title: expect.any(String), status: 500, instance: `/v1/prompts/${unknownId}`, requestId: 'r-2',
      });
      await vi.waitFor(() => expect(lines.filter(({ context }) => context === 'Access')).toHaveLength(4));
      const access = lines.filter(({ context }) => context === 'Access');
      expect(access[0]).toMatchObject({
        level: 'info', msg: 'request', requestId: 'r-1', traceId: trace, method: 'GET', route: '/v1/prompts', status: 200,
        ms: expect.any(Number), bytes: expect.any(Number), keyId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
      expect(access[0].bytes).toBeGreaterThan(200);
      expect(access[2]).toMatchObject({ level: 'debug', route: '/healthz' });
      const failure = lines.find(({ context }) => context === 'Http');
      expect(failure).toMatchObject({ level: 'error', requestId: 'r-2', method: 'GET', route: '/v1/prompts/:id', stack: expect.stringMatching(/^QueryFailedError: .*"prompts".*\n +at /) });
      expect(failure?.within).toMatchObject({ requestId: 'r-2', keyId: access[0].keyId, route: '/v1/prompts/:id' });
      expect(JSON.stringify(lines)).not.toMatch(/secret|plk_/);
    } finally {
      Logger.overrideLogger(false);
    }
  });
});

it('while Postgres is away, requests are 503 with Retry-After; when it is back, they are served', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-away-'));
  const settings = ['fsync=off', `port=${await freePort()}`];
  let postgres = await startEmbeddedPostgres({ dir, settings });
  await ensureDatabase(postgres.url);
  await migrate(postgres.url);
  await prepareQueueSchema(postgres.url);
  const config = readConfig({ DATABASE_URL: postgres.url, PLUMBLINE_DATA_DIR: dir, LOG_LEVEL: 'silent' });
  const app = await createHttpApp(AppModule.forRoot(config), config, false);
  try {
    await app.listen(0, '127.0.0.1');
    const secret = await app.get(ApiKeysService, { strict: false }).createFirstAdmin();
    const list = () => request(app.getHttpServer()).get('/v1/prompts').set({ authorization: `Bearer ${secret}` });
    await list().expect(200);
    await postgres.stop();
    for (let i = 0; i < 3; i++) {
      const { body, headers } = await list().expect(503);
      expect([body.code, headers['retry-after']]).toEqual(['database_unavailable', '5']);
    }
    await request(app.getHttpServer()).post('/v1/prompts').set({ authorization: `Bearer ${secret}` }).send({ text: 'x' }).expect(503);
    postgres = await startEmbeddedPostgres({ dir, settings });
    await vi.waitFor(() => list().expect(200), { timeout: 30_000 });
  } finally {
    await app.close();
    await postgres.stop();
    rmSync(dir, { recursive: true, force: true });
  }
});
