import { runMigrations } from 'bullmq';
import { Client } from 'pg';

/** Schema of BullMQ's tables when the queue is in Postgres. */
export const queueSchema = 'bullmq';

/**
 * Creates or updates BullMQ's tables. Must be done before any queue or worker exists: without its
 * schema a BullMQ worker spins and ignores signals.
 */
export async function prepareQueueSchema(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  // If the server stops, the statement fails and is reported; the unhandled event would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await runMigrations(client, queueSchema);
  } finally {
    await client.end();
  }
}
