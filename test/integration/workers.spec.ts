// Workers are known: a job that none of them will take says so.
import { Module } from '@nestjs/common';
import request from 'supertest';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { HandlesJob, type JobHandler } from '#src/jobs/job-handler.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { startNode } from './jobs-fixture.js';

@HandlesJob('comparison.run')
class IdleHandler implements JobHandler<'comparison.run'> {
  run(): Promise<void> {
    return Promise.resolve();
  }
}

@Module({ providers: [IdleHandler] })
class ComparisonModule {}

const patience = { timeout: 30_000 };

let t: TestApp;
beforeAll(async () => {
  t = await createTestApp({ JOB_LEASE_SECONDS: '10' });
});
afterAll(() => t?.close());

const get = (path: string) => request(t.http).get(path).set(t.admin);
const post = (path: string, body: object) => request(t.http).post(path).set(t.admin).send(body);
const workers = async () => (await get('/v1/workers').expect(200)).body.data as { queues: string[]; pid: number; capabilities: object }[];

async function newPairSet(name: string) {
  const { body: criterion } = await post('/v1/criteria', { name }).expect(201);
  const scale = [{ value: 1, label: 'bad' }, { value: 2, label: 'good' }];
  const { body: version } = await post(`/v1/criteria/${criterion.id}/versions`, { instructions: 'none', scale, publish: true }).expect(201);
  return post('/v1/pair-sets', { criterionVersionId: version.id, strategy: 'all', seed: 1 }).expect(202);
}

test('without a worker the answer that starts a job and the job itself say so; with one they do not', async () => {
  expect(await workers()).toEqual([]);
  const accepted = await newPairSet('alone');
  const waitingFor = 'no worker serves the queue pair-building';
  expect(accepted.headers['plumbline-waiting-for']).toBe(waitingFor);
  const job = await get(`/v1/jobs/${accepted.body.jobId}`).expect(200);
  expect(job.body).toMatchObject({ state: 'queued', waitingFor });
  expect((await get('/v1/jobs')).body.data[0]).toMatchObject({ waitingFor });

  // Another queue's worker does not help.
  const other = await startNode({ DATABASE_URL: t.database.url, JOB_LEASE_SECONDS: '10' }, ['comparison'], [ComparisonModule]);
  await vi.waitUntil(async () => (await workers()).length === 1, patience);
  expect((await get(`/v1/jobs/${accepted.body.jobId}`)).body).toMatchObject({ waitingFor });
  await other.close();
  expect(await workers()).toEqual([]);

  await post(`/v1/jobs/${accepted.body.jobId}/pause`, {}).expect(202);
  const worker = await startNode({ DATABASE_URL: t.database.url, JOB_LEASE_SECONDS: '10' }, ['pair-building']);
  try {
    await vi.waitUntil(async () => (await workers()).length === 1, patience);
    const [found] = await workers();
    expect(found).toMatchObject({ queues: ['pair-building'], pid: process.pid, capabilities: { threads: 0, executionProvider: 'cpu' } });
    const served = await newPairSet('served');
    expect(served.headers['plumbline-waiting-for']).toBeUndefined();
    // What was known of the job is not taken for news that there is none.
    const later = await get(`/v1/jobs/${accepted.body.jobId}`).set('if-none-match', job.headers.etag).expect(200);
    expect(later.body.waitingFor).toBeNull();
  } finally {
    await worker.close();
  }
});

test('workers are for those who may read jobs', async () => {
  await request(t.http).get('/v1/workers').set(await t.keyWith('prompts:read')).expect(403);
});
