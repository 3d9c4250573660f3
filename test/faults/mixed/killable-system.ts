// A Plumbline whose every part can be killed and brought back: Postgres, Redis, the API, workers. Ports stay the same, as
// they do where an orchestrator restarts containers.
import { fork, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, startEmbeddedPostgres, type EmbeddedPostgres } from '#src/database/embedded-postgres.js';
import { ensureDatabase, migrate } from '#src/database/migrate.js';
import { prepareQueueSchema } from '#src/jobs/queue-schema.js';

const parts = ['api', 'worker', 'postgres', 'redis'] as const;
export type Part = (typeof parts)[number];

export interface KillableOptions {
  /** Redis carries the queue when there is a redis-server on PATH; else Postgres does. */
  redis: boolean;
  workers: number;
}

const entry = (file: string) => createRequire(import.meta.url).resolve(`#src/${file}`);

export class KillableSystem {
  readonly adminKey = 'plk_admin_of_the_mixed_drill';
  readonly logFile: string;
  private readonly log: number;
  private postgres: EmbeddedPostgres;
  private redis: ChildProcess | undefined;
  private api: ChildProcess;
  private workers: ChildProcess[] = [];

  private constructor(
    private readonly dir: string,
    private readonly ports: { api: number; postgres: number; redis: number | undefined },
  ) {
    this.logFile = join(dir, 'plumbline.log');
    this.log = openSync(this.logFile, 'a');
  }

  static async start({ redis, workers }: KillableOptions): Promise<KillableSystem> {
    const ports = { api: await freePort(), postgres: await freePort(), redis: redis ? await freePort() : undefined };
    const system = new KillableSystem(mkdtempSync(join(tmpdir(), 'plumbline-mixed-')), ports);
    await system.startPostgres();
    await ensureDatabase(system.databaseUrl);
    await migrate(system.databaseUrl);
    if (!redis) await prepareQueueSchema(system.databaseUrl);
    await system.startRedis();
    await Promise.all([system.startApi(), ...Array.from({ length: workers }, () => system.startWorker())]);
    return system;
  }

  get url(): string {
    return `http://127.0.0.1:${this.ports.api}`;
  }

  get databaseUrl(): string {
    return this.postgres.url;
  }

  /** Parts that this system has. */
  get killable(): Part[] {
    return parts.filter((part) => part !== 'redis' || this.ports.redis !== undefined);
  }

  /** As power loss or the kernel would: no handler runs. Resolves when the part is gone. */
  async kill(part: Part, choose: (count: number) => number): Promise<void> {
    if (part === 'postgres') return this.killPostgres();
    const victim = part === 'api' ? this.api : part === 'redis' ? this.redis! : this.workers.splice(choose(this.workers.length), 1)[0];
    await killed(victim);
  }

  async restart(part: Part): Promise<void> {
    if (part === 'postgres') await this.startPostgres();
    else if (part === 'redis') await this.startRedis();
    else if (part === 'api') await this.startApi();
    else await this.startWorker();
  }

  async stop(): Promise<void> {
    await Promise.all([this.api, ...this.workers].map((child) => killed(child, 'SIGTERM')));
    if (this.redis) await killed(this.redis);
    await this.postgres.stop();
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  private get env(): Record<string, string | undefined> {
    return {
      ...process.env,
      DATABASE_URL: this.databaseUrl,
      REDIS_URL: this.ports.redis ? `redis://127.0.0.1:${this.ports.redis}` : undefined,
      PLUMBLINE_DATA_DIR: this.dir,
      PLUMBLINE_ADMIN_KEY: this.adminKey,
      PORT: String(this.ports.api),
      RATE_LIMIT_PER_MINUTE: '10000000',
      JOB_LEASE_SECONDS: '5',
      ALLOW_PRIVATE_WEBHOOKS: 'true',
      SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
      LOG_LEVEL: 'warn',
      LOG_FORMAT: 'json',
    };
  }

  private async startPostgres(): Promise<void> {
    this.postgres = await startEmbeddedPostgres({ dir: join(this.dir, 'postgres'), settings: [`port=${this.ports.postgres}`] });
  }

  /** SIGQUIT is what Postgres calls an immediate shutdown: nothing is written out, and the next start replays its log. */
  private async killPostgres(): Promise<void> {
    const pid = Number(readFileSync(join(this.dir, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
    process.kill(pid, 'SIGQUIT');
    while (await accepts(this.ports.postgres)) await sleep(50);
    await this.postgres.stop();
  }

  private async startRedis(): Promise<void> {
    if (this.ports.redis === undefined) return;
    // Without a file: what was in it is gone with the process, the worst a Redis can do.
    const args = ['--port', String(this.ports.redis), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    this.redis = spawn('redis-server', args, { cwd: this.dir, stdio: ['ignore', this.log, this.log] });
    while (!(await accepts(this.ports.redis))) await sleep(50);
  }

  private async startApi(): Promise<void> {
    this.api = this.launch('main.js');
    await ready(this.api);
  }

  private async startWorker(): Promise<void> {
    const worker = this.launch('worker.js');
    await ready(worker);
    this.workers.push(worker);
  }

  private launch(file: string): ChildProcess {
    return fork(entry(file), [], { env: this.env, stdio: ['ignore', this.log, this.log, 'ipc'] });
  }
}

export const hasRedis = (): boolean => spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0;

async function ready(child: ChildProcess): Promise<void> {
  const told = once(child, 'message').then(() => undefined);
  const ended = once(child, 'exit').then(([code]: unknown[]) => {
    throw new Error(`a process ended with code ${String(code)} before it was ready`);
  });
  await Promise.race([told, ended]);
  ended.catch(() => undefined);
}

async function killed(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (accepted: boolean) => () => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', answer(true)).once('error', answer(false));
  });
}
