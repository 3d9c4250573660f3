// What every queue must do, whatever carries its messages. Run by jobs-postgres.spec.ts and jobs-redis.spec.ts.
import { setTimeout as sleep } from 'node:timers/promises';
import { getQueueToken } from '@nestjs/bullmq';
import type { Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { newId } from '#src/common/id.js';
import { logContext } from '#src/common/log-context.js';
import { Database } from '#src/database/database.js';
import { JobFailure } from '#src/jobs/job-failure.js';
import { JobsService } from '#src/jobs/jobs.service.js';
import { OutboxRepository } from '#src/jobs/outbox.repository.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { enqueue, eventTypes, everyone, settled, startNode, untilStopped, type Node } from './jobs-fixture.js';

export function queueSuite(environment: () => Record<string, string>): void {
  let database: TestDatabase;
  let api: Node;
  const workers = new Set<Node>();

  const env = () => ({ DATABASE_URL: database.url, ...environment() });
  const startWorker = async () => {
    const worker = await startNode(env(), ['pair-building']);
    workers.add(worker);
    return worker;
  };
  const stopWorkers = async () => {
    await Promise.all([...workers].map((worker) => worker.close()));
    workers.clear();
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    api = await startNode(env(), []);
  });
  afterEach(stopWorkers);
  afterAll(async () => {
    await api?.close();
    await database?.drop();
  });

  const countOf = (table: string) =>
    api.get(Database).transaction(async (tx) => Number((await tx.query(`SELECT count(*) FROM ${table}`))[0].count));

  test('a job of a transaction that rolls back leaves nothing', async () => {
    const before = await Promise.all(['jobs', 'outbox', 'job_events'].map(countOf));
    const rolledBack = api.get(Database).transaction(async (tx) => {
      await api.get(JobsService).enqueue(tx, { type: 'pair-set.build', payload: { pairSetId: newId() }, auth: null });
      throw new Error('changed my mind');
    });
    await expect(rolledBack).rejects.toThrow('changed my mind');
    expect(await Promise.all(['jobs', 'outbox', 'job_events'].map(countOf))).toEqual(before);
  });

  test('a job runs once, with progress, logs and metrics, also with two workers', async () => {
    await Promise.all([startWorker(), startWorker()]);
    let runs = 0;
    const logged = new Set<unknown>();
    const jobs = await Promise.all(
      Array.from({ length: 10 }, () =>
        enqueue(api, async (context) => {
          runs++;
          // What the lines of the process's log carry.
          logged.add(logContext.getStore()?.jobId);
          context.phase('building');
          for (let i = 0; i <= 20; i++) await context.progress(i, 20, 'pairs');
          context.log('info', 'first');
          context.log('warn', 'second');
          await context.metrics(1, { loss: 0.5, gap: NaN });
          await context.metrics(1, { loss: 0.25, gap: Infinity });
        }),
      ),
    );
    const done = await Promise.all(jobs.map((id) => settled(api, id)));
    expect(done.map((job) => job.state)).toEqual(jobs.map(() => 'succeeded'));
    expect(runs).toBe(10);
    expect([...logged].sort()).toEqual([...jobs].sort());
    expect(done[0]).toMatchObject({ phase: 'building', progressCompleted: 20, progressTotal: 20, progressUnit: 'pairs' });
    expect(done[0]).toMatchObject({ attempt: 1, error: null, leaseOwner: null, resultType: 'pair-set' });
    expect(await eventTypes(api, jobs[0])).toEqual(['queued', 'started', 'succeeded']);
    const page = { limit: 10, after: null };
    const logs = await api.get(JobsService).logs(everyone, jobs[0], page);
    expect(logs.data.map((log) => log.message)).toEqual(['first', 'second']);
    const metrics = await api.get(JobsService).metrics(everyone, jobs[0], page);
    expect(metrics.data).toMatchObject([{ step: 1, values: { loss: 0.25, gap: null } }]);
  });

  test('a failure that nothing can mend fails at once and says why; retry runs it again', async () => {
    await startWorker();
    let broken = true;
    const id = await enqueue(api, () =>
      broken ? Promise.reject(new JobFailure('no_pairs', 'nothing was rated')) : Promise.resolve(),
    );
    const failed = await settled(api, id);
    expect(failed).toMatchObject({ state: 'failed', attempt: 1, error: { code: 'no_pairs', detail: 'nothing was rated' } });
    broken = false;
    expect(await api.get(JobsService).retry(everyone, id)).toMatchObject({ state: 'queued', attempt: 0, error: null });
    expect(await settled(api, id)).toMatchObject({ state: 'succeeded', attempt: 1, error: null });
    await expect(api.get(JobsService).retry(everyone, id)).rejects.toMatchObject({ init: { code: 'job_not_retryable' } });
    expect(await eventTypes(api, id)).toEqual(['queued', 'started', 'failed', 'retried', 'started', 'succeeded']);
  });

  test('an error that may pass is tried again until the attempts are used up', async () => {
    await startWorker();
    const passing = await enqueue(api, async ({ attempt }) => {
      if (attempt === 1) throw new Error('connection reset');
    });
    const lasting = await enqueue(api, () => Promise.reject(new Error('connection reset')), 2);
    expect(await settled(api, passing)).toMatchObject({ state: 'succeeded', attempt: 2, error: null });
    expect(await settled(api, lasting)).toMatchObject({ state: 'failed', attempt: 2, error: { code: 'internal_error' } });
    expect(await eventTypes(api, passing)).toEqual(['queued', 'started', 'released', 'started', 'succeeded']);
  });

  test('attempts that kept something are not used up; those that did not get further are', async () => {
    await startWorker();
    let runs = 0;
    const id = await enqueue(api, async (context) => {
      runs++;
      if (runs <= 4) await context.kept();
      throw new Error('connection reset');
    }, 2);
    expect(await settled(api, id)).toMatchObject({ state: 'failed', attempt: 2 });
    expect(runs).toBe(5);
  });

  test('a message that the queue lost is sent again, one that it has is not doubled', async () => {
    const queue = api.get<Queue>(getQueueToken('pair-building'));
    const outbox = api.get(OutboxRepository);
    let runs = 0;
    const id = await enqueue(api, async () => void runs++);
    await vi.waitUntil(async () => (await queue.count()) === 1);
    await queue.obliterate({ force: true });
    await outbox.reviveLost(0);
    await vi.waitUntil(async () => (await queue.count()) === 1);
    await outbox.reviveLost(0);
    await sleep(700);
    expect(await queue.count()).toBe(1);
    await startWorker();
    expect(await settled(api, id)).toMatchObject({ state: 'succeeded', attempt: 1 });
    expect(runs).toBe(1);
  });

  test('a queued job is cancelled at once and never runs', async () => {
    let ran = false;
    const id = await enqueue(api, async () => void (ran = true));
    expect(await api.get(JobsService).cancel(everyone, id)).toMatchObject({ state: 'cancelled' });
    await expect(api.get(JobsService).cancel(everyone, id)).rejects.toMatchObject({ init: { code: 'job_not_cancellable' } });
    await startWorker();
    expect((await settled(api, await enqueue(api, () => Promise.resolve()))).state).toBe('succeeded');
    expect(ran).toBe(false);
  });

  test('a running job hears of its cancellation within the second', async () => {
    await startWorker();
    const id = await enqueue(api, untilStopped);
    await settled(api, id, 'running');
    const at = Date.now();
    expect(await api.get(JobsService).cancel(everyone, id)).toMatchObject({ state: 'cancelling' });
    expect(await settled(api, id)).toMatchObject({ state: 'cancelled', error: null });
    expect(Date.now() - at).toBeLessThan(1000);
    expect(await eventTypes(api, id)).toEqual(['queued', 'started', 'cancelling', 'cancelled']);
  });

  test('a worker that shuts down gives its job back, and the attempt does not count', async () => {
    const first = await startWorker();
    let runs = 0;
    const id = await enqueue(api, (context) => (++runs === 1 ? untilStopped(context) : Promise.resolve()));
    await settled(api, id, 'running');
    await vi.waitUntil(() => runs === 1);
    const at = Date.now();
    workers.delete(first);
    await first.close();
    expect(Date.now() - at).toBeLessThan(3000);
    expect(await settled(api, id, 'queued')).toMatchObject({ attempt: 0, leaseOwner: null });
    await startWorker();
    expect(await settled(api, id)).toMatchObject({ state: 'succeeded', attempt: 1 });
    expect(await eventTypes(api, id)).toEqual(['queued', 'started', 'released', 'started', 'succeeded']);
  });

  test('a worker that falls silent loses its job to another and cannot write any more', async () => {
    await startWorker();
    let wrote: unknown = 'nothing yet';
    let release = () => {};
    const id = await enqueue(api, async (context) => {
      if (context.attempt > 1) return;
      await new Promise<void>((resolve) => (release = resolve));
      wrote = await context.commit((tx) => tx.query('SELECT 1')).catch((error: Error) => error.name);
      throw new Error('too late to matter');
    });
    await settled(api, id, 'running');
    // As after a freeze of the whole machine: the lease ran out before anybody could renew it.
    await api.get(Database).transaction(async (tx) => {
      await tx.query(`UPDATE jobs SET lease_owner = 'gone', lease_expires_at = now() - interval '1 s' WHERE id = $1`, [id]);
    });
    await startWorker();
    expect(await settled(api, id)).toMatchObject({ state: 'succeeded', attempt: 2 });
    release();
    await vi.waitUntil(() => wrote !== 'nothing yet', { timeout: 10_000 });
    expect(wrote).toBe('LeaseLostError');
    expect((await settled(api, id)).state).toBe('succeeded');
    expect(await eventTypes(api, id)).toEqual(['queued', 'started', 'recovered', 'started', 'succeeded']);
  });

  test('a lease outlives a step that blocks the event loop, when progress is awaited between steps', async () => {
    await startWorker();
    const id = await enqueue(api, async (context) => {
      for (let step = 0; step < 4; step++) {
        await context.progress(step, 4);
        const until = Date.now() + 900;
        while (Date.now() < until);
      }
    });
    expect(await settled(api, id)).toMatchObject({ state: 'succeeded', attempt: 1 });
  });

  test('workers that die every time leave a failed job, not an endless one', async () => {
    const id = await enqueue(api, () => Promise.resolve(), 1);
    await api.get(Database).transaction(async (tx) => {
      await tx.query(
        `UPDATE jobs SET state = 'running', attempt = 1, lease_owner = 'gone', lease_expires_at = now() WHERE id = $1`,
        [id],
      );
    });
    expect(await settled(api, id)).toMatchObject({ state: 'failed', error: { code: 'worker_lost' } });
  });
}
