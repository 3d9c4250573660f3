import { runMigrations } from 'bullmq';
import { Client } from 'pg';

/** Schema in which BullMQ keeps its tables when the queue lives in Postgres. */
export const queueSchema = 'bullmq';

/**
 * Creates or updates BullMQ's tables. Must be done before any queue or worker exists: without its
 * schema a BullMQ worker spins and ignores signals.
 */
export async function prepareQueueSchema(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  // A server that is stopped meanwhile fails the statement, which is told; the event beside it would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await runMigrations(client, queueSchema);
  } finally {
    await client.end();
  }
}
