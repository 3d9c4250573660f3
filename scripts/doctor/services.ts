// Database and Redis: those that are configured must answer; without DATABASE_URL the shipped Postgres must run.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { embeddedBinaries } from '#src/database/embedded-postgres.js';
import type { Finding } from './report.js';

const run = promisify(execFile);
const patienceMs = 5_000;
const oldestPostgres = 15;

/** Of an error that may hold several, as a refused connection to a name with two addresses does. */
const reason = (error: unknown): string => {
  const { message, code } = error as { message?: string; code?: string };
  return (message || code || String(error)).split('\n')[0];
};

export async function databaseFinding(url: string | undefined): Promise<Finding> {
  const name = 'database';
  if (url === undefined) return embeddedFinding();
  const client = new Client({ connectionString: url, connectionTimeoutMillis: patienceMs });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    const version = rows[0].server_version;
    const ok = parseInt(version, 10) >= oldestPostgres;
    return { name, status: ok ? 'ok' : 'failed', detail: `Postgres ${version} of DATABASE_URL${ok ? '' : `, needs ${oldestPostgres} or newer`}` };
  } catch (error) {
    return { name, status: 'failed', detail: `DATABASE_URL cannot be reached: ${reason(error)}` };
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function embeddedFinding(): Promise<Finding> {
  try {
    const { initdb, pg_ctl } = await embeddedBinaries();
    await run(initdb, ['--version']);
    const { stdout } = await run(pg_ctl, ['--version']);
    return { name: 'database', status: 'ok', detail: `DATABASE_URL is not set; embedded: ${stdout.trim()}` };
  } catch (error) {
    return { name: 'database', status: 'failed', detail: `the embedded Postgres does not run: ${reason(error)}` };
  }
}

export async function redisFinding(url: string | undefined): Promise<Finding> {
  const name = 'redis';
  if (url === undefined) return { name, status: 'absent', detail: 'REDIS_URL is not set; the queue lives in Postgres' };
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: patienceMs, commandTimeout: patienceMs, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  let failure: unknown;
  redis.on('error', (error) => (failure = error));
  try {
    await redis.connect();
    const info = await redis.info('server');
    return { name, status: 'ok', detail: `Redis ${/redis_version:(\S+)/.exec(info)?.[1] ?? 'of unknown version'} of REDIS_URL` };
  } catch (error) {
    return { name, status: 'failed', detail: `REDIS_URL cannot be reached: ${reason(failure ?? error)}` };
  } finally {
    redis.disconnect();
  }
}
