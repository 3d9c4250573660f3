// Domain events on a real database: told with the fact or not at all, never changed, each taken once.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '#src/common/id.js';
import { Database } from '#src/database/database.js';
import type { DomainEvent } from '#src/events/event-types.js';
import { EventsService } from '#src/events/events.service.js';
import { JobFailure } from '#src/jobs/job-failure.js';
import { JobsService } from '#src/jobs/jobs.service.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { enqueue, everyone, settled, startNode, type Node } from './jobs-fixture.js';

let database: TestDatabase;
let node: Node;

beforeAll(async () => {
  database = await createTestDatabase();
  node = await startNode({ DATABASE_URL: database.url }, ['pair-building']);
});
afterAll(async () => {
  await node?.close();
  await database?.drop();
});

const transaction: Database['transaction'] = (work) => node.get(Database).transaction(work);
const take = (limit = 100) => transaction((tx) => node.get(EventsService).take(tx, limit));
const published = (vendorIds: string[] = []): DomainEvent => ({
  type: 'criterion_version.published',
  data: { criterionId: newId(), criterionVersionId: newId() },
  vendorIds,
});

test('a job tells of its end, once, and again when it ended again', async () => {
  const good = await enqueue(node, async () => undefined);
  const bad = await enqueue(node, async () => Promise.reject(new JobFailure('broken', 'it cannot work')));
  await settled(node, good);
  await settled(node, bad);
  await node.get(JobsService).retry(everyone, bad);
  await settled(node, bad);
  await node.get(JobsService).retry(everyone, bad);
  await settled(node, bad);
  const told = (await take()).map(({ type, data }) => [type, (data as { jobId: string }).jobId]);
  expect(told.filter(([, id]) => id === good)).toEqual([['job.succeeded', good]]);
  expect(told.filter(([, id]) => id === bad)).toEqual(Array(3).fill(['job.failed', bad]));
});

test('a job that never ran tells that it was cancelled', async () => {
  const { id } = await transaction(async (tx) => {
    // A queue that nobody here serves.
    return node.get(JobsService).enqueue(tx, { type: 'comparison.run', payload: { comparisonId: newId() }, auth: null });
  });
  await node.get(JobsService).cancel(everyone, id);
  const data = { jobId: id, jobType: 'comparison.run', resultType: null, resultId: null };
  expect(await take()).toMatchObject([{ type: 'job.cancelled', data, vendorIds: [] }]);
});

test('a fact that was rolled back is not told', async () => {
  const undone = transaction(async (tx) => {
    await node.get(EventsService).emit(tx, published());
    throw new Error('changed my mind');
  });
  await expect(undone).rejects.toThrow('changed my mind');
  expect(await take()).toEqual([]);
});

test('an event is in the hands of one taker, and comes back when that one fails', async () => {
  const vendorId = newId();
  const ids = await transaction(async (tx) => {
    const emitted = [];
    for (let i = 0; i < 4; i++) emitted.push(await node.get(EventsService).emit(tx, published([vendorId, vendorId])));
    return emitted;
  });
  let taken!: (count: number) => void;
  let goOn!: () => void;
  const mine = new Promise<number>((resolve) => (taken = resolve));
  const looked = new Promise<void>((resolve) => (goOn = resolve));
  const failing = transaction(async (tx) => {
    taken((await node.get(EventsService).take(tx, 3)).length);
    await looked;
    throw new Error('killed');
  });
  expect(await mine).toBe(3);
  // Another taker: what runs inside the transaction would be part of it.
  const others = await take();
  expect(others).toHaveLength(1);
  expect(others[0].vendorIds).toEqual([vendorId]);
  goOn();
  await expect(failing).rejects.toThrow('killed');
  expect((await take()).map(({ id }) => id)).toEqual(ids.slice(0, 3));
});

test('nobody can change what happened', async () => {
  await transaction((tx) => node.get(EventsService).emit(tx, published()));
  for (const sql of [`UPDATE domain_events SET type = 'other'`, 'DELETE FROM domain_events', 'TRUNCATE domain_events CASCADE']) {
    await expect(transaction((tx) => tx.query(sql))).rejects.toThrow(/append-only|undelivered_events is/);
  }
});
