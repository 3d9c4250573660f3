// A Plumbline started as people start it, by `npm start`, and what one can ask of it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Plumbline } from '#sdk/client.js';
import { freePort } from '#src/database/embedded-postgres.js';
import { ensureCriterionVersion } from '../../../scripts/client/ensure.js';
import { processesOn, type PartName } from './folder.js';

const adminKey = 'plk_admin_of_a_drill_on_processes';
/** On a busy machine of two cores a boot takes some ten seconds. */
const patienceMs = 120_000;
/** Processes have 20 s to stop, Postgres some seconds more. */
const goneMs = 60_000;
const criterion = { name: 'drill', instructions: 'none', scale: [{ value: 1, label: 'bad' }, { value: 2, label: 'good' }] };

let written = 0;

export class Started {
  readonly client: Plumbline;

  private constructor(
    readonly folder: string,
    readonly npmPid: number,
    readonly url: string,
    /** External ids of prompts whose creation was answered with success. */
    readonly accepted: string[],
    private readonly exited: Promise<unknown>,
  ) {
    this.client = new Plumbline({ baseUrl: url, apiKey: adminKey });
  }

  static npm(folder: string, accepted: string[] = [], port = 0): Started {
    const log = openSync(join(folder, 'npm.log'), 'a');
    const env: NodeJS.ProcessEnv = { ...process.env, PLUMBLINE_DATA_DIR: folder, PLUMBLINE_ADMIN_KEY: adminKey, PORT: String(port), JOB_LEASE_SECONDS: '4' };
    for (const name of ['DATABASE_URL', 'REDIS_URL', 'ARTIFACTS_DIR']) delete env[name];
    const child = spawn('npm', ['start'], { env, stdio: ['ignore', log, log] });
    return new Started(folder, child.pid!, `http://127.0.0.1:${port}`, accepted, once(child, 'exit'));
  }

  static async npmStart(folder: string, accepted: string[] = []): Promise<Started> {
    const started = Started.npm(folder, accepted, await freePort());
    // A part that dies before all of it is up ends the start.
    await started.until('address in the log', () => readFileSync(join(folder, 'npm.log'), 'utf8').includes(`Plumbline serves at ${started.url} `));
    return started;
  }

  async pidOf(name: PartName): Promise<number> {
    let pid: number | undefined;
    await this.until(`process of ${name}`, () => {
      // The postmaster is the parent of its backends, and the lowest of their numbers but for wrapping around.
      pid = name === 'postgres' ? Number(readFileSync(join(this.folder, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0]) : processesOn(this.folder).find((part) => part.name === name)?.pid;
      return pid !== undefined;
    });
    return pid!;
  }

  /** Creates prompts one by one and remembers those that were accepted; what fails meanwhile is not counted. */
  async write(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const externalId = `drill-${written++}`;
      const { response } = await this.client.http.POST('/v1/prompts', { body: { externalId, text: `prompt ${externalId}` } });
      if (response.ok) this.accepted.push(externalId);
    }
  }

  /** The API answers, its database takes rows, and a worker does a job that was just queued. */
  async works(): Promise<void> {
    let jobId = '';
    // Tried as a whole: what was killed a moment ago may still answer once.
    await this.until('a row and a new job', async () => {
      await this.write(1);
      const { id: criterionVersionId } = await ensureCriterionVersion(this.client, criterion);
      const set = await this.client.ok(this.client.http.POST('/v1/pair-sets', { body: { criterionVersionId, strategy: 'all', seed: 1 } }));
      jobId = set.jobId!;
      return true;
    });
    await this.until('a job done', async () => {
      const { data: job } = await this.client.http.GET('/v1/jobs/{id}', { params: { path: { id: jobId } } });
      return job?.terminal ?? false;
    });
  }

  /** @throws Error unless a second start ends at once, naming process and address of this one */
  async refusesSecond(): Promise<void> {
    const env: NodeJS.ProcessEnv = { ...process.env, PLUMBLINE_DATA_DIR: this.folder, PORT: String(await freePort()) };
    for (const name of ['DATABASE_URL', 'REDIS_URL']) delete env[name];
    const child = spawn('npm', ['start'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += String(data)));
    const [code] = (await once(child, 'exit')) as [number | null];
    const pid = await this.pidOf('supervisor');
    if (code === 0 || !output.includes(`process ${pid}`) || !output.includes(this.url)) throw new Error(`it ended with ${code} and said: ${output.trim()}`);
  }

  /** Kills each worker as soon as it is there. @throws Error unless all of it ends by itself, and says so */
  async endsOfLoop(): Promise<void> {
    await this.until('the end', () => {
      const left = processesOn(this.folder);
      for (const { pid, name } of left) if (name === 'worker') process.kill(pid, 'SIGKILL');
      return left.length === 0;
    });
    if (!readFileSync(join(this.folder, 'npm.log'), 'utf8').includes('it keeps failing and is not started again')) throw new Error('its log does not say why');
  }

  /** Ends it as a person would who knows the process. */
  async stop(): Promise<void> {
    process.kill(await this.pidOf('supervisor'), 'SIGTERM');
    await this.exited;
  }

  /** Resolves when nothing of these is left. @throws Error naming what is */
  async left(which: (name: PartName) => boolean = () => true): Promise<void> {
    await this.until('the end', () => processesOn(this.folder).every(({ name }) => !which(name)), goneMs);
  }

  /** Accepted prompts that are not there, and those that are there twice. */
  async count(): Promise<{ lost: number; doubled: number }> {
    const found = new Map<string, number>();
    let cursor: string | undefined;
    do {
      const { data } = await this.client.http.GET('/v1/prompts', { params: { query: { limit: 500, cursor } } });
      for (const { externalId } of data!.data) if (externalId) found.set(externalId, (found.get(externalId) ?? 0) + 1);
      cursor = data!.nextCursor ?? undefined;
    } while (cursor);
    return { lost: this.accepted.filter((id) => !found.has(id)).length, doubled: [...found.values()].filter((times) => times > 1).length };
  }

  private async until(what: string, look: () => boolean | Promise<boolean>, ms = patienceMs): Promise<void> {
    const deadline = Date.now() + ms;
    let last = '';
    while (Date.now() < deadline) {
      try {
        if (await look()) return;
      } catch (error) {
        last = (error as Error).message;
      }
      await sleep(100);
    }
    const running = processesOn(this.folder).map(({ pid, name }) => `${name} ${pid}`);
    throw new Error(`no ${what} within ${ms / 1000} s${last && ` (${last})`}; there are ${running.join(', ') || 'no processes'}`);
  }
}
