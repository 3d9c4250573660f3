import { afterAll, describe, test } from 'vitest';
import { startRedis } from './jobs-fixture.js';
import { queueSuite } from './jobs-suite.js';

const redis = await startRedis();

describe.runIf(redis)('queue on Redis', () => {
  queueSuite(() => ({ REDIS_URL: redis!.url }));
  afterAll(() => redis?.stop());
});

test.skipIf(redis)('queue on Redis: SKIPPED, there is neither REDIS_URL nor a redis-server on PATH', ({ skip }) => {
  console.warn('The queue was not tested on Redis: set REDIS_URL or install redis-server.');
  skip();
});
