// A pool of one connection: whatever takes a second one inside a transaction waits for itself, and is answered 503.
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client } from 'pg';
import { newId } from '#src/common/id.js';
import { Database } from '#src/database/database.js';
import { CriteriaRepository } from '#src/ratings/criteria.repository.js';
import { LoopsWorkerModule } from '#src/loops/loops-worker.module.js';
import { givenLabeler, givenPrompt } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { LoopWorld, startWorker } from './loops-fixture.js';

let t: TestApp;
beforeAll(async () => {
  t = await createTestApp({ DATABASE_POOL_SIZE: '1' });
});
afterAll(async () => t.close());

const get = (path: string) => request(t.http).get(path).set(t.admin);
const post = (path: string, body: object = {}) => request(t.http).post(`/v1${path}`).set(t.admin).send(body);
const scale = [1, 2, 3, 4, 5].map((value) => ({ value, label: `level ${value}` }));

describe('with one connection', () => {
  test('batches of labeling, pilots and publishing, many at a time', async () => {
    const { completionIds } = await givenPrompt(t, 'rate me', Array.from({ length: 4 }, (_, i) => ({ text: `answer ${i}` })));
    const { body: criterion } = await post('/criteria', { name: newId() }).expect(201);
    const { body: version } = await post(`/criteria/${criterion.id}/versions`, { instructions: 'good?', scale }).expect(201);
    const path = `/criteria/${criterion.id}/versions/1`;
    const pilots = await Promise.all(Array.from({ length: 6 }, () => post(`${path}/pilots`, { completionIds })));
    expect(pilots.map(({ status }) => status)).toEqual(Array(6).fill(201));
    await post(`${path}/publish`, { overrideReason: 'nobody has rated yet, and need not' }).expect(200);
    const work = { name: 'batch', mode: 'rate', criterionVersionId: version.id, completionIds, overlap: 1 };
    const batches = await Promise.all(Array.from({ length: 12 }, () => post('/labeling-batches', work)));
    expect(batches.map(({ status }) => status)).toEqual(Array(12).fill(201));
    const labelerId = await givenLabeler(t, 'zoe');
    const batch = batches[0].body.id as string;
    const { body: claimed } = await post(`/labeling-batches/${batch}/tasks/claim`, { labelerId, k: 2 }).expect(200);
    for (const task of claimed.tasks as { id: string; completions: { id: string }[] }[]) {
      const scores = task.completions.map(({ id }) => ({ completionId: id, score: 3 }));
      await post(`/tasks/${task.id}/submit`, { scores }).expect(200);
      await post(`/tasks/${task.id}/correct`, { scores: scores.map((score) => ({ ...score, score: 4 })) }).expect(200);
    }
    await Promise.all(batches.map(({ body }) => post(`/labeling-batches/${body.id}/close`).expect(200)));
  });

  test('loops, from the first prompt to a promotion', async () => {
    const world = await LoopWorld.make(t);
    const worker = await startWorker(t, [LoopsWorkerModule], { DATABASE_POOL_SIZE: '1' });
    try {
      const vendorIds = [await t.givenVendor()];
      const { body } = await world.post('/v1/loops', world.body({ iterations: 1, ratings: { perCompletion: 3, vendorIds } })).expect(201);
      const id = body.id as string;
      await world.until(id, ({ state }) => state === 'awaiting_ratings');
      await world.label((await world.iteration(id, 1)).labelingBatchId);
      await world.until(id, ({ state }) => state === 'awaiting_judgements');
      await world.judge(id, 1, 'candidate');
      expect(await world.until(id, ({ status }) => status !== 'running')).toMatchObject({ status: 'completed', error: null });
    } finally {
      await worker.close();
    }
  }, 180_000);

  test('a query inside a transaction runs in it, and after it on its own', async () => {
    const criteria = t.get(CriteriaRepository);
    const id = newId();
    let later: () => Promise<unknown> = () => Promise.resolve();
    await t.get(Database).transaction(async (tx) => {
      await tx.query(`INSERT INTO criteria (id, name) VALUES ($1, 'inside')`, [id]);
      expect(await criteria.find(id)).toMatchObject({ name: 'inside' });
      await t.get(Database).transaction(async () => expect(await criteria.find(id)).not.toBeNull());
      const ended = new Promise<void>((resolve) => (later = () => (resolve(), outlived)));
      const outlived = ended.then(() => criteria.find(id));
    });
    expect(await later()).toMatchObject({ name: 'inside' });
  });
});

test('who waits too long for a connection is told to come again, and readyz never hangs', async () => {
  let free!: () => void;
  const held = t.get(Database).transaction(() => new Promise<void>((resolve) => (free = resolve)));
  const [ready, busy] = await Promise.all([get('/readyz'), get('/v1/criteria')]);
  free();
  await held;
  expect(ready.status).toBe(503);
  expect(busy.status).toBe(503);
  expect(busy.headers).toMatchObject({ 'retry-after': '5', 'content-type': expect.stringContaining('application/problem+json') as string });
  expect(busy.body.code).toBe('database_busy');
  await get('/readyz').expect(200);
  await get('/v1/criteria').expect(200);
}, 30_000);

test('a database that is away is no fault of the service', async () => {
  const own = await createTestApp({ DATABASE_POOL_SIZE: '1' });
  try {
    const name = new URL(own.database.url).pathname.slice(1);
    const admin = new URL(own.database.url);
    admin.pathname = '/postgres';
    const client = new Client({ connectionString: admin.href });
    await client.connect();
    // New connections are refused as a Postgres in recovery refuses them; the open ones end.
    await client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    const { status, body } = await request(own.http).get('/v1/criteria').set(own.admin);
    expect([status, body.code]).toEqual([503, 'database_unavailable']);
    await client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    await client.end();
    await request(own.http).get('/v1/criteria').set(own.admin).expect(200);
  } finally {
    await own.close();
  }
});
