import { Module } from '@nestjs/common';
import { createPostgresBackend, createRedisBackend, setDefaultBackendFactory, type BackendFactory } from 'bullmq';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { prepareQueueSchema, queueSchema } from './queue-schema.js';

/** The connection of BullMQ to the queue, and the backend that uses it. */
export interface QueueConnection {
  connection: object;
  backend: BackendFactory;
}

/** Injection token of the `QueueConnection`. */
export const QUEUE_CONNECTION = Symbol('queue connection');

/** Redis when there is one, else Postgres, whose schema is then in place before the first queue exists. */
async function openQueueConnection(config: Pick<Config, 'redisUrl' | 'databaseUrl'>): Promise<QueueConnection> {
  const queue = config.redisUrl ? overRedis(config.redisUrl) : await overPostgres(config.databaseUrl!);
  // @nestjs/bullmq has no way to hand a queue its backend, so it is also the default of the process.
  setDefaultBackendFactory(queue.backend);
  return queue;
}

function overRedis(url: string): QueueConnection {
  return { connection: { url }, backend: createRedisBackend };
}

async function overPostgres(connectionString: string): Promise<QueueConnection> {
  await prepareQueueSchema(connectionString);
  return {
    connection: { connectionString, schema: queueSchema, max: 4 },
    backend: createPostgresBackend as unknown as BackendFactory,
  };
}

@Module({
  providers: [{ provide: QUEUE_CONNECTION, inject: [CONFIG], useFactory: openQueueConnection }],
  exports: [QUEUE_CONNECTION],
})
export class QueueConnectionModule {}
