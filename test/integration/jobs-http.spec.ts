import { setTimeout as sleep } from 'node:timers/promises';
import request from 'supertest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '#src/common/id.js';
import { JobFailure } from '#src/jobs/job-failure.js';
import type { JobDto, JobPage } from '#src/jobs/jobs.dto.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { enqueue, settled, startNode, untilStopped, type Node } from './jobs-fixture.js';

let t: TestApp;
let worker: Node;
let origin: string;

beforeAll(async () => {
  t = await createTestApp();
  origin = await t.app.getUrl();
  worker = await startNode({ DATABASE_URL: t.database.url }, ['pair-building']);
});
afterAll(async () => {
  await worker?.close();
  await t?.close();
});

const get = (path: string, headers: Record<string, string> = {}) =>
  request(t.http).get(`/v1/jobs${path}`).set({ ...t.admin, ...headers });
const post = (path: string) => request(t.http).post(`/v1/jobs${path}`).set(t.admin);

test('a job, its tag, and 304 while nothing changes', async () => {
  const id = await enqueue(worker, async (context) => {
    context.phase('building');
    await context.progress(0, 8, 'pairs');
    await context.progress(5, 8, 'pairs');
  });
  await settled(worker, id);
  const answer = await get(`/${id}`).expect(200);
  expect(answer.body).toMatchObject({
    id,
    type: 'pair-set.build',
    queue: 'pair-building',
    state: 'succeeded',
    terminal: true,
    phase: 'building',
    progress: { completed: 5, total: 8, unit: 'pairs', percent: 62.5, etaSeconds: null },
    attempt: 1,
    error: null,
    resultRef: { type: 'pair-set' },
  });
  expect(answer.headers.etag).toMatch(/^"\d+"$/);
  expect(answer.headers['retry-after']).toBeUndefined();
  const same = await get(`/${id}`, { 'If-None-Match': answer.headers.etag }).expect(304);
  expect(same.text).toBe('');
  expect(same.headers.etag).toBe(answer.headers.etag);
});

test('a long poll answers at the change, or 304 when its time is up', async () => {
  let release = () => {};
  const id = await enqueue(worker, () => new Promise<void>((resolve) => (release = resolve)));
  await settled(worker, id, 'running');
  const running = await get(`/${id}`).expect(200).expect('retry-after', '1');
  const etag = running.headers.etag;

  const before = Date.now();
  await get(`/${id}`, { Prefer: 'wait=1', 'If-None-Match': etag }).expect(304).expect('preference-applied', 'wait=1');
  expect(Date.now() - before).toBeGreaterThanOrEqual(990);

  const waiting = get(`/${id}`, { Prefer: 'wait=30', 'If-None-Match': etag }).then((answer) => answer);
  await sleep(200);
  const released = Date.now();
  release();
  const answer = await waiting;
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ state: 'succeeded' });
  expect(Date.now() - released).toBeLessThan(1000);

  // A version that is already old, and a job that is over, need no wait.
  await get(`/${id}`, { Prefer: 'wait=30', 'If-None-Match': etag }).expect(200);
  await get(`/${id}`, { Prefer: 'wait=30' }).expect(200);
  expect(Date.now() - released).toBeLessThan(2000);
});

test('the outcome is 404 until the end and 200 even for a failure', async () => {
  let fail = () => {};
  const id = await enqueue(worker, () => new Promise<void>((_, reject) => (fail = () => reject(new JobFailure('no_pairs', 'none')))));
  await settled(worker, id, 'running');
  const early = await get(`/${id}/outcome`).expect(404).expect('content-type', /problem\+json/).expect('retry-after', '1');
  expect(early.body).toMatchObject({ code: 'job_not_finished' });
  fail();
  await settled(worker, id);
  const outcome = await get(`/${id}/outcome`).expect(200);
  expect(outcome.body).toMatchObject({ jobId: id, state: 'failed', succeeded: false, error: { code: 'no_pairs', detail: 'none' } });
});

test('cancel and retry: 202 with Location, 409 where the state does not allow it', async () => {
  const id = await enqueue(worker, untilStopped);
  await settled(worker, id, 'running');
  await post(`/${id}/retry`).expect(409).expect(({ body }) => expect(body).toMatchObject({ code: 'job_not_retryable' }));
  const cancelling = await post(`/${id}/cancel`).expect(202).expect('location', `/v1/jobs/${id}`).expect('retry-after', '1');
  expect(cancelling.body).toMatchObject({ state: 'cancelling', terminal: false });
  await settled(worker, id, 'cancelled');
  await post(`/${id}/cancel`).expect(409).expect(({ body }) => expect(body).toMatchObject({ code: 'job_not_cancellable' }));
  const retried = await post(`/${id}/retry`).expect(202);
  expect(retried.body).toMatchObject({ state: 'queued', attempt: 0 });
  await settled(worker, id, 'running');
  await post(`/${id}/cancel`).expect(202);
  await settled(worker, id, 'cancelled');
});

test('pause and resume: 202 with Location, the worker is free in between, and no attempt is used up', async () => {
  const id = await enqueue(worker, untilStopped, 1);
  await settled(worker, id, 'running');
  await post(`/${id}/resume`).expect(409).expect(({ body }) => expect(body).toMatchObject({ code: 'job_not_paused' }));
  const pausing = await post(`/${id}/pause`).expect(202).expect('location', `/v1/jobs/${id}`);
  expect(pausing.body).toMatchObject({ state: 'pausing', terminal: false });
  await settled(worker, id, 'paused');
  await post(`/${id}/pause`).expect(409).expect(({ body }) => expect(body).toMatchObject({ code: 'job_not_pausable' }));
  expect((await settled(worker, await enqueue(worker, () => Promise.resolve()))).state).toBe('succeeded');
  expect((await post(`/${id}/resume`).expect(202)).body).toMatchObject({ state: 'queued', attempt: 0 });
  expect(await settled(worker, id, 'running')).toMatchObject({ attempt: 1 });
  await post(`/${id}/pause`).expect(202);
  await settled(worker, id, 'paused');
  expect((await post(`/${id}/cancel`).expect(202)).body).toMatchObject({ state: 'cancelled' });
});

test('events stream to the end and resume after Last-Event-ID', async () => {
  let release = () => {};
  const id = await enqueue(worker, async (context) => {
    await context.progress(1, 2, 'pairs');
    await new Promise<void>((resolve) => (release = resolve));
  });
  await settled(worker, id, 'running');
  const url = `${origin}/v1/jobs/${id}/events`;
  const open = await fetch(url, { headers: t.admin });
  expect(open.headers.get('content-type')).toContain('text/event-stream');
  setTimeout(() => release(), 300);
  const events = parseEvents(await open.text());
  const stored = events.filter((event) => event.id);
  expect(stored.map((event) => event.event)).toEqual(['queued', 'started', 'succeeded']);
  expect(events.at(-1)!.event).toBe('succeeded');
  expect(events.some((event) => event.event === 'progress' && JSON.parse(event.data!).progress.completed === 1)).toBe(true);
  expect(JSON.parse(stored[2].data!)).toMatchObject({ jobId: id, type: 'succeeded', state: 'succeeded', attempt: 1 });

  const resumed = await fetch(url, { headers: { ...t.admin, 'Last-Event-ID': stored[1].id! } });
  expect(parseEvents(await resumed.text()).map((event) => event.id)).toEqual([stored[2].id]);
  const over = await fetch(url, { headers: { ...t.admin, 'Last-Event-ID': stored[2].id! } });
  expect(over.status).toBe(204);
  await get(`/${id}/events`, { 'Last-Event-ID': 'x' }).expect(400);
});

test('the list is filtered and paged, newest first', async () => {
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) ids.push(await enqueue(worker, () => Promise.resolve()));
  await Promise.all(ids.map((id) => settled(worker, id)));
  const first = (await get('?state=succeeded&type=pair-set.build&limit=2').expect(200)).body as JobPage;
  expect(first.data.map((job: JobDto) => job.id)).toEqual([ids[2], ids[1]]);
  expect(first.hasMore).toBe(true);
  const second = (await get(`?state=succeeded&type=pair-set.build&limit=2&cursor=${first.nextCursor}`).expect(200)).body as JobPage;
  expect(second.data[0].id).toBe(ids[0]);
  expect((await get('?type=comparison.run').expect(200)).body).toEqual({ data: [], hasMore: false, nextCursor: null });
  await get('?state=dancing').expect(422);
});

test('logs and metrics are pages; metrics start after a step', async () => {
  const id = await enqueue(worker, async (context) => {
    for (let step = 1; step <= 3; step++) await context.metrics(step, { loss: 1 / step });
    context.log('info', 'nearly done');
    context.log('info', 'done');
  });
  await settled(worker, id);
  const logs = (await get(`/${id}/logs?limit=1`).expect(200)).body;
  expect(logs).toMatchObject({ data: [{ level: 'info', message: 'nearly done' }], hasMore: true });
  const last = (await get(`/${id}/logs?limit=1&cursor=${logs.nextCursor}`).expect(200)).body;
  expect(last).toMatchObject({ data: [{ message: 'done' }], hasMore: false });
  const after = (await get(`/${id}/metrics?afterStep=1&limit=1`).expect(200)).body;
  expect(after).toMatchObject({ data: [{ step: 2, values: { loss: 0.5 } }], hasMore: true });
  const rest = (await get(`/${id}/metrics?afterStep=1&cursor=${after.nextCursor}`).expect(200)).body;
  expect(rest).toMatchObject({ data: [{ step: 3 }], hasMore: false });
});

test('unknown ids and missing scopes are refused', async () => {
  const nobody = newId();
  for (const path of ['', '/outcome', '/events', '/logs', '/metrics']) {
    const answer = await get(`/${nobody}${path}`).expect(404);
    expect(answer.body, path).toMatchObject({ code: 'job_not_found' });
  }
  await post(`/${nobody}/cancel`).expect(404);
  await get('/not-an-id').expect(400);
  const reader = await t.keyWith('jobs:read');
  await request(t.http).post(`/v1/jobs/${nobody}/cancel`).set(reader).expect(403);
  await request(t.http).get('/v1/jobs').set(reader).expect(200);
});

function parseEvents(text: string): { id?: string; event?: string; data?: string }[] {
  return text
    .split('\n\n')
    .map((block) => Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string])))
    .filter((event) => 'event' in event);
}
