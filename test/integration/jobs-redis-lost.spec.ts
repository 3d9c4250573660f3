// A Redis that is lost together with what it held: jobs that wait go on when it is back, without the sweep for lost messages.
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { createTestDatabase } from '../support/database.js';
import { enqueue, freePort, settled, startNode, startOwnRedis } from './jobs-fixture.js';

const port = await freePort();
const redis = await startOwnRedis(port);

test.skipIf(!redis)('jobs whose messages were lost with Redis are done as soon as it is back', async () => {
  const database = await createTestDatabase();
  const env = { DATABASE_URL: database.url, REDIS_URL: redis!.url };
  const api = await startNode(env, []);
  let again: typeof redis;
  try {
    const client = new Redis(redis!.url);
    const waiting = await Promise.all(Array.from({ length: 5 }, () => enqueue(api, () => Promise.resolve())));
    while ((await client.llen('bull:pair-building:wait')) < waiting.length) await sleep(50);
    client.disconnect();
    await redis!.stop('SIGKILL');
    again = await startOwnRedis(port);
    const worker = await startNode(env, ['pair-building']);
    try {
      // The sweep would take two minutes.
      for (const id of waiting) expect(await settled(api, id, undefined, 45_000)).toMatchObject({ state: 'succeeded', attempt: 1 });
      // Wiped, with its connections up.
      await worker.close();
      const later = await enqueue(api, () => Promise.resolve());
      const other = new Redis(redis!.url);
      while ((await other.llen('bull:pair-building:wait')) < 1) await sleep(50);
      await other.flushall();
      other.disconnect();
      const second = await startNode(env, ['pair-building']);
      expect(await settled(api, later, undefined, 45_000)).toMatchObject({ state: 'succeeded', attempt: 1 });
      await second.close();
    } finally {
      await worker.close();
    }
  } finally {
    await api.close();
    await again?.stop();
    await database.drop();
  }
}, 120_000);

test.skipIf(redis)('a lost Redis: SKIPPED, there is no redis-server on PATH', ({ skip }) => {
  console.warn('A lost Redis was not tested: install redis-server.');
  skip();
});
