// Label Studio beside us: the open-source labeling server, as `pip install label-studio` gives it (its own server,
// SQLite), on a port of this machine and gone afterwards. It gets the same ratings, one request each, since its API
// has no bulk route for annotations of existing tasks.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { environment } from '#src/config/environment.js';
import { KeepAliveClient } from '../system/keep-alive.js';

const token = '0123456789abcdef0123456789abcdef01234567';
const bootMs = 600_000;
const mostTries = 20;
const config =
  '<View><Text name="prompt" value="$prompt"/><Text name="answer" value="$answer"/><Rating name="score" toName="answer" maxRating="5"/></View>';

interface ExportedTask {
  id: number;
  annotations: { result: { value: { rating: number } }[] }[];
}

export class LabelStudio {
  /** Writes that were asked again. */
  refused = 0;

  private constructor(
    private readonly server: ChildProcess,
    private readonly dir: string,
    private readonly client: KeepAliveClient,
    readonly name: string,
  ) {}

  /** @param program such as `/path/to/venv/bin/label-studio` */
  static async start(program: string, connections: number): Promise<LabelStudio> {
    const dir = mkdtempSync(join(tmpdir(), 'plumbline-peer-'));
    const port = await freePort();
    const user = ['--username', 'bench@example.com', '--password', 'a-password-of-a-bench', '--user-token', token];
    const server = spawn(program, ['start', 'bench', '--no-browser', '--init', ...user, '-p', String(port), '--internal-host', '127.0.0.1'], {
      stdio: 'ignore',
      // Its reports to others are off; the token of this bench is one of the kind that new installations refuse.
      env: environment({
        LABEL_STUDIO_BASE_DATA_DIR: dir,
        LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN: 'true',
        LOG_LEVEL: 'ERROR',
        COLLECT_ANALYTICS: 'false',
        SENTRY_DSN: '',
        FRONTEND_SENTRY_DSN: '',
      }),
    });
    const client = new KeepAliveClient({ url: `http://127.0.0.1:${port}`, authorization: `Token ${token}` }, connections);
    const studio = (name: string) => new LabelStudio(server, dir, client, name);
    try {
      await answering(client, server);
      const { release } = JSON.parse((await client.send('GET', '/api/version')).text) as { release: string };
      return studio(`Label Studio ${release}`);
    } catch (error) {
      await studio('').stop();
      throw error;
    }
  }

  /** A project with these texts to be rated; the ids of its tasks are in their order. */
  async project(texts: readonly { prompt: string; answer: string }[]): Promise<{ id: number; taskIds: number[] }> {
    const { id } = (await this.ok('POST', '/api/projects', { title: 'bench', label_config: config })) as { id: number };
    const imported = await this.ok('POST', `/api/projects/${id}/import?return_task_ids=true`, texts);
    const { task_ids: taskIds } = imported as { task_ids?: number[] };
    if (taskIds?.length !== texts.length) throw new Error(`Label Studio imported ${taskIds?.length} of ${texts.length} tasks`);
    return { id, taskIds };
  }

  /** SQLite under many connections now and then refuses a write, and that is a 500: asked again, as any client would. */
  async rate(taskId: number, score: number): Promise<void> {
    const result = [{ from_name: 'score', to_name: 'answer', type: 'rating', value: { rating: score } }];
    for (let tries = 1; ; tries++) {
      const { status, text } = await this.client.send('POST', `/api/tasks/${taskId}/annotations`, JSON.stringify({ result }));
      if (status < 300) return;
      if (status < 500 || tries === mostTries) throw new Error(`Label Studio answered ${status} to a rating: ${text.slice(0, 300)}`);
      this.refused++;
    }
  }

  /** All scores that a project's tasks were given. */
  async scores(projectId: number): Promise<Map<number, number[]>> {
    const tasks = (await this.ok('GET', `/api/projects/${projectId}/export?exportType=JSON`)) as ExportedTask[];
    return new Map(tasks.map(({ id, annotations }) => [id, annotations.flatMap(({ result }) => result.map(({ value }) => value.rating))]));
  }

  async stop(): Promise<void> {
    this.client.close();
    if (this.server.exitCode === null) {
      const ended = new Promise((resolve) => this.server.once('exit', resolve));
      this.server.kill('SIGKILL');
      await ended;
    }
    rmSync(this.dir, { recursive: true, force: true });
  }

  private async ok(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
    const { status, text } = await this.client.send(method, path, body === undefined ? undefined : JSON.stringify(body));
    if (status >= 300) throw new Error(`Label Studio answered ${status} to ${path}: ${text.slice(0, 300)}`);
    return JSON.parse(text);
  }
}

async function answering(client: KeepAliveClient, server: ChildProcess): Promise<void> {
  const until = Date.now() + bootMs;
  while (Date.now() < until) {
    if (server.exitCode !== null) throw new Error(`Label Studio ended with ${server.exitCode}`);
    const answer = await client.send('GET', '/api/projects').catch(() => undefined);
    if (answer?.status === 200) return;
    await wait(500);
  }
  throw new Error(`Label Studio did not answer within ${bootMs / 1000} s`);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
