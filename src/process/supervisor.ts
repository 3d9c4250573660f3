// Brings up Plumbline on one machine and keeps it up: the embedded database where no other is named, the API, workers.
// `npm start`, `npm run worker` and the quickstart are thin users of this.
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ConfigError, readConfig, type Config } from '#src/config/config.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '#src/database/embedded-postgres.js';
import { ensureDatabase, migrate } from '#src/database/migrate.js';
import { PinoLogger } from '#src/http/logger.js';
import { prepareQueueSchema } from '#src/jobs/queue-schema.js';
import { allocatorEnv } from './allocator.js';
import { Child, type ChildMessage } from './child.js';
import { DataLock, lockHolder } from './data-lock.js';
import { Restarts } from './restart-policy.js';

export interface SupervisorOptions {
  api: boolean;
  /** Arguments of each worker process to start, such as `['--queues', 'generation']`. */
  workers: string[][];
  /** Over the environment of the children. */
  env?: Record<string, string>;
  /** Output of the children; `inherit` for a terminal. */
  output?: 'inherit' | 'ignore' | number;
  /** Path of `output`, if it is a file. */
  logFile?: string;
  /** Whether children that die are started again; otherwise the first death ends it. */
  restart?: boolean;
  /** Ends a start that is under way, too. */
  signal?: AbortSignal;
}

export interface Running {
  /** Process id of the API, if it was started. */
  url?: string;
  /** The first admin key, when this start made it. */
  firstKey?: string | null;
  /** Process id of the API, when it was started. */
  readonly apiPid: number | undefined;
  /** Process ids of the workers, in the order in which they were asked for. */
  readonly workerPids: number[];
  /** Fulfilled with the exit code when a part has ended for good. */
  ended: Promise<number>;
  stop(): Promise<void>;
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const watchEveryMs = 1000;

/**
 * Of the API process. A young generation of 32 MiB holds the garbage of many requests, so that little of it grows old; and
 * when the old generation is marked, the four threads that V8 takes for it would stand in the way of the server and of
 * Postgres on a small machine (docs/lab/experiments.md).
 */
const apiFlags = ['--max-semi-space-size=32', `--v8-pool-size=${Math.min(4, Math.ceil(availableParallelism() / 2))}`];

/** @throws ConfigError with the reasons of what did not start; StoppedError when `signal` ended the start */
export async function startPlumbline(options: SupervisorOptions): Promise<Running> {
  const config = readConfig({ ...process.env, ...options.env });
  const supervisor = new Supervisor(options, config);
  try {
    await supervisor.start();
    return supervisor;
  } catch (error) {
    await supervisor.stop();
    options.signal?.throwIfAborted();
    throw error;
  }
}

class Supervisor implements Running {
  url?: string;
  firstKey?: string | null;
  readonly ended: Promise<number>;
  private readonly logger: PinoLogger;
  private readonly end: (code: number) => void;
  private lock: DataLock | undefined;
  private database: KeptPostgres | undefined;
  private api: Child | undefined;
  private workers: Child[] = [];

  constructor(
    private readonly options: SupervisorOptions,
    private readonly config: Config,
  ) {
    this.logger = new PinoLogger(config, 'supervisor');
    let end!: (code: number) => void;
    this.ended = new Promise<number>((resolve) => (end = resolve));
    this.end = end;
  }

  get apiPid(): number | undefined {
    return this.api?.pid;
  }

  get workerPids(): number[] {
    return this.workers.map(({ pid }) => pid!);
  }

  async start(): Promise<void> {
    const { config, options } = this;
    const databaseUrl = config.databaseUrl ?? (await this.embedded());
    const env = { ...process.env, ...options.env, DATABASE_URL: databaseUrl };
    await this.unlessStopped(prepareDatabase(databaseUrl, config));
    if (options.api) this.api = this.child('the API', 'main.js', [], env, apiFlags);
    this.workers = options.workers.map((args) => this.child('the worker', 'worker.js', args, { ...env, ...allocatorEnv(env) }));
    const [first] = await this.unlessStopped(Promise.all(this.children.map((child) => child.start())));
    if (options.api) this.serves(first);
    for (const child of this.children) void child.ended.then(this.end);
  }

  async stop(): Promise<void> {
    this.lock?.tell({ stopping: true });
    await Promise.all(this.children.map((child) => child.stop()));
    await this.database?.stop();
    this.lock?.release();
  }

  private get children(): Child[] {
    return [...(this.api ? [this.api] : []), ...this.workers];
  }

  /** One supervisor owns the database of a folder; an additional worker uses it. */
  private async embedded(): Promise<string> {
    const { dataDir } = this.config;
    const dir = join(dataDir, 'postgres');
    if (this.options.api) {
      this.lock = await DataLock.take(dataDir, this.options.signal);
      this.options.signal?.throwIfAborted();
      this.database = new KeptPostgres(await startEmbeddedPostgres({ dir }), (line) => this.note(line), this.end);
      this.options.signal?.throwIfAborted();
      await this.unlessStopped(ensureDatabase(this.database.url));
      return this.database.url;
    }
    if (!lockHolder(dataDir)) throw new ConfigError([`no Plumbline runs on ${dataDir}: start one with \`npm start\`, or set DATABASE_URL`]);
    return (await startEmbeddedPostgres({ dir })).url;
  }

  private child(name: string, file: string, args: string[], env: Record<string, string | undefined>, flags: string[] = []): Child {
    const { output = 'inherit', logFile, restart = true } = this.options;
    const execArgv = [...process.execArgv, ...flags];
    return new Child({ name, file: join(root, file), args, execArgv, env, output, logFile, restart, notes: (line) => this.note(line) });
  }

  private serves({ url, firstKey }: ChildMessage): void {
    this.url = url;
    this.firstKey = firstKey;
    // The address that clients use, even if the system chose the port.
    this.api!.setEnv('PORT', new URL(url!).port || '80');
    this.lock?.tell({ url });
  }

  private note(line: string): void {
    this.logger.warn(line, 'Supervisor');
  }

  /** Unfinished work continues in the background until its database is stopped. */
  private async unlessStopped<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.options;
    if (!signal) return work;
    work.catch(() => undefined);
    let stop!: () => void;
    const stopped = new Promise<never>((_, reject) => {
      stop = () => reject(signal.reason as Error);
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
    try {
      return await Promise.race([work, stopped]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}

async function prepareDatabase(url: string, { redisUrl }: Config): Promise<void> {
  await migrate(url);
  if (!redisUrl) await prepareQueueSchema(url);
}

/** The embedded Postgres, looked at every second and started again on its port when it died; API and workers connect anew. */
class KeptPostgres {
  private readonly restarts = new Restarts();
  private readonly stopping = new AbortController();
  private readonly watching: Promise<void>;
  private startedAt = Date.now();

  constructor(
    private readonly postgres: EmbeddedPostgres,
    private readonly notes: (line: string) => void,
    private readonly giveUp: (code: number) => void,
  ) {
    this.watching = this.watch();
  }

  get url(): string {
    return this.postgres.url;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.watching;
    await this.postgres.stop();
  }

  private async watch(): Promise<void> {
    for (;;) {
      await this.pause(watchEveryMs);
      if (this.stopping.signal.aborted) return;
      if (await this.postgres.lives()) continue;
      let reason = 'died';
      do {
        const delay = this.restarts.afterDeath(Date.now() - this.startedAt);
        if (delay === undefined) {
          this.notes(`the embedded Postgres ${reason}; it keeps failing and is not started again`);
          return this.giveUp(1);
        }
        this.notes(`the embedded Postgres ${reason}; starting it again in ${delay / 1000} s`);
        await this.pause(delay);
        if (this.stopping.signal.aborted) return;
        this.startedAt = Date.now();
        reason = await this.postgres.restart().then(() => '', (error: Error) => `did not start: ${error.message}`);
      } while (reason);
      this.notes('the embedded Postgres is running again');
    }
  }

  private pause(ms: number): Promise<unknown> {
    return sleep(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}
