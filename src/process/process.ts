// What the API and the worker do alike as processes: read the configuration, wait for the database, bring
// schemas up to date, and end when the process that started them is gone.
import { Client } from 'pg';
import { ConfigError, readConfig, type Config } from '#src/config/config.js';
import { migrate } from '#src/database/migrate.js';
import { prepareQueueSchema } from '#src/jobs/queue-schema.js';
import { parseArgs } from 'node:util';
import { HandlerError, parseQueues } from '#src/jobs/handler-registry.js';
import { queueNames, type QueueName } from '#src/jobs/job-types.js';

const databaseWaitMs = 30_000;

/** Configuration checked, database reached, tables and queue in place. */
export async function prepare(): Promise<Config> {
  const config = readConfig();
  if (!config.databaseUrl) {
    throw new ConfigError(['DATABASE_URL is not set; `npm start` starts the embedded database and sets it']);
  }
  await waitForDatabase(config.databaseUrl);
  await migrate(config.databaseUrl);
  if (!config.redisUrl) await prepareQueueSchema(config.databaseUrl);
  return config;
}

/** BullMQ never recovers from a database that is absent at boot, so we wait for it, and give up clearly. */
async function waitForDatabase(connectionString: string): Promise<void> {
  const deadline = Date.now() + databaseWaitMs;
  for (;;) {
    const client = new Client({ connectionString, connectionTimeoutMillis: 5_000 });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      await client.end().catch(() => undefined);
      // Wrong credentials or an unknown database do not get better by waiting.
      const { code, message } = error as { code?: string; message: string };
      if (code?.startsWith('28') || code === '3D000' || Date.now() > deadline) {
        throw new ConfigError([`the database of DATABASE_URL cannot be reached: ${message || code}`]);
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

/** The command was wrong; exit code 2. */
export class UsageError extends ConfigError {
  constructor(line: string) {
    super([line]);
  }
}

/** A start that was aborted before it finished. */
class StoppedError extends Error {}

/** Runs a process's main function; what goes wrong at boot is one line per mistake and exit code 1. */
export async function run(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (error instanceof StoppedError) process.exit(0);
    const lines = error instanceof ConfigError ? [...error.mistakes] : [String((error as Error).stack ?? error)];
    // The supervisor prints them, because a child's output may go to a log file that is not watched.
    if (process.send) await new Promise((sent) => process.send!({ failed: lines }, undefined, undefined, sent));
    else for (const line of lines) process.stderr.write(`plumbline: ${line}\n`);
    process.exit(error instanceof UsageError ? 2 : 1);
  }
}

/** Aborts at Ctrl-C, SIGTERM or when the terminal closes. Further signals are ignored: data must be written safely. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => controller.abort(new StoppedError(signal)));
  return controller.signal;
}

/** Resolves with `code` once the signal is aborted. */
export function stopped(signal: AbortSignal, code = 0): Promise<number> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(code);
    else signal.addEventListener('abort', () => resolve(code), { once: true });
  });
}

/** A child whose supervisor was killed would otherwise be orphaned. */
export function stopWithParent(close: () => Promise<unknown>): void {
  if (!process.send) return;
  process.once('disconnect', () => void close().finally(() => process.exit(0)));
}

/** The queues named on a worker's command line; all if none are named. @throws UsageError */
export function queuesOf(args: string[]): QueueName[] {
  try {
    const { values } = parseArgs({ args, options: { queues: { type: 'string' } } });
    return parseQueues(values.queues?.split(',').map((name) => name.trim()) ?? queueNames);
  } catch (error) {
    const line = (error as Error).message;
    throw new UsageError(error instanceof HandlerError ? line : `${line}; known is --queues ${queueNames.join(',')}`);
  }
}
