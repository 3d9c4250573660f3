import { Module } from '@nestjs/common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HandlesJob, type JobHandler } from '#src/jobs/job-handler.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { ScriptedModule, startNode } from './jobs-fixture.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

const boot = (queues: string[], handlers = [ScriptedModule]) => startNode({ DATABASE_URL: database.url }, queues, handlers);

@HandlesJob('pair-set.build')
class SecondHandler implements JobHandler<'pair-set.build'> {
  run(): Promise<void> {
    return Promise.resolve();
  }
}

@Module({ providers: [SecondHandler] })
class SecondModule {}

test('a worker without the handler of one of its jobs does not boot', async () => {
  await expect(boot(['pair-building', 'scoring'])).rejects.toThrow('reward-model.score of queue scoring has no handler');
});

test('a worker with two handlers for one job does not boot', async () => {
  await expect(boot(['pair-building'], [ScriptedModule, SecondModule])).rejects.toThrow(
    'pair-set.build has 2 handlers: ScriptedHandler, SecondHandler',
  );
});

test('a worker for an unknown queue does not boot', async () => {
  await expect(boot(['cakes'])).rejects.toThrow('unknown queue cakes');
});
