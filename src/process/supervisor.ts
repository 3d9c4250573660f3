// Brings up Plumbline on one machine: the embedded database where no other is named, the API, workers.
// `npm start`, `npm run worker` and the quickstart are thin users of this.
import { fork, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError, readConfig } from '#src/config/config.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '#src/database/embedded-postgres.js';
import { ensureDatabase } from '#src/database/ensure-database.js';
import { migrate } from '#src/database/migrate.js';
import { prepareQueueSchema } from '#src/jobs/queue-schema.js';
import { allocatorEnv } from './allocator.js';

export interface SupervisorOptions {
  api: boolean;
  /** Arguments of each worker process to start, such as `['--queues', 'generation']`. */
  workers: string[][];
  /** Over the environment of the children. */
  env?: Record<string, string>;
  /** Where the children write; `inherit` for a terminal. */
  output?: 'inherit' | 'ignore' | number;
}

export interface Running {
  /** Of the API, when it was started. */
  url?: string;
  /** The first admin key, when this start made it. */
  firstKey?: string | null;
  /** Process id of the API, when it was started. */
  apiPid: number | undefined;
  /** Process ids of the workers, in the order in which they were asked for. */
  workerPids: number[];
  /** Fulfilled with the exit code when a child ends by itself. */
  ended: Promise<number>;
  stop(): Promise<void>;
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stopWaitMs = 20_000;

/**
 * Of the API process. A young generation of 32 MiB holds the garbage of many requests, so that little of it grows old; and
 * when the old generation is marked, the four threads that V8 takes for it would stand in the way of the server and of
 * Postgres on a small machine (docs/lab/experiments.md).
 */
const apiFlags = ['--max-semi-space-size=32', `--v8-pool-size=${Math.min(4, Math.ceil(availableParallelism() / 2))}`];

export async function startPlumbline(options: SupervisorOptions): Promise<Running> {
  const config = readConfig({ ...process.env, ...options.env });
  const postgres = config.databaseUrl ? undefined : await startEmbeddedPostgres({ dir: join(config.dataDir, 'postgres') });
  const databaseUrl = config.databaseUrl ?? postgres!.url;
  const env = { ...process.env, ...options.env, DATABASE_URL: databaseUrl };
  const children: ChildProcess[] = [];
  try {
    if (postgres) await ensureDatabase(databaseUrl);
    await migrate(databaseUrl);
    if (!config.redisUrl) await prepareQueueSchema(databaseUrl);
    const launch = (file: string, args: string[], more: { execArgv?: string[]; env?: Record<string, string> } = {}) => {
      const output = options.output ?? 'inherit';
      const execArgv = [...process.execArgv, ...(more.execArgv ?? [])];
      const child = fork(join(root, file), args, { env: { ...env, ...more.env }, execArgv, stdio: ['ignore', output, output, 'ipc'] });
      children.push(child);
      return readyMessage(child, file);
    };
    const started = await Promise.all([
      ...(options.api ? [launch('main.js', [], { execArgv: apiFlags })] : []),
      ...options.workers.map((args) => launch('worker.js', args, { env: allocatorEnv(env) })),
    ]);
    const api = options.api ? started[0] : undefined;
    const ended = Promise.race(children.map((child) => exitOf(child)));
    return {
      url: api?.url,
      firstKey: api?.firstKey,
      apiPid: options.api ? children[0].pid : undefined,
      workerPids: children.slice(options.api ? 1 : 0).map((child) => child.pid!),
      ended,
      // A worker that joined a running system leaves the database to those who started it.
      stop: () => stopAll(children, options.api ? postgres : undefined),
    };
  } catch (error) {
    await stopAll(children, options.api ? postgres : undefined);
    throw error;
  }
}

interface Ready {
  ready: true;
  url?: string;
  firstKey?: string | null;
}

function readyMessage(child: ChildProcess, name: string): Promise<Ready> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: Ready) => {
      if (message?.ready) resolve(message);
    });
    // The child has told why on its own standard error.
    child.once('exit', (code) => reject(new ConfigError([`${name} ended with exit code ${code} before it was ready`])));
    child.once('error', reject);
  });
}

function exitOf(child: ChildProcess): Promise<number> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode ?? 1);
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}

async function stopAll(children: ChildProcess[], postgres: EmbeddedPostgres | undefined): Promise<void> {
  await Promise.all(
    children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const patience = setTimeout(() => child.kill('SIGKILL'), stopWaitMs);
      const ended = exitOf(child);
      child.kill('SIGTERM');
      await ended;
      clearTimeout(patience);
    }),
  );
  await postgres?.stop();
}
