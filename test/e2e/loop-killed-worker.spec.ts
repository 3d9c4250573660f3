// A loop in the hands of two real workers, of which the one that trains is killed as the kernel does it when memory runs
// out: nothing is flushed, nobody is told. The other one must bring both the job and the loop to their end.
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Running, startPlumbline } from '#src/process/supervisor.js';
import { LoopWorld } from '../integration/loops-fixture.js';
import { createTestApp, type TestApp } from '../support/app.js';

let t: TestApp;
let world: LoopWorld;
let database: Client;
const workers = new Map<number, Running>();

beforeAll(async () => {
  t = await createTestApp();
  world = await LoopWorld.make(t);
  database = new Client({ connectionString: t.database.url });
  await database.connect();
  // Processes run compiled code; `npm test` builds before it tests.
  const compiled = new URL('../../dist/src/process/supervisor.js', import.meta.url).href;
  const built = (await import(compiled)) as { startPlumbline: typeof startPlumbline };
  const env = {
    DATABASE_URL: t.database.url, PLUMBLINE_DATA_DIR: t.config.dataDir, LOG_LEVEL: 'warn',
    JOB_LEASE_SECONDS: '2', SAVE_EVERY_SECONDS: '0', COMPUTE_THREADS: '1',
  };
  for (let n = 0; n < 2; n++) {
    const running = await built.startPlumbline({ api: false, workers: [[]], restart: false, env, output: 'ignore' });
    workers.set(running.workerPids[0], running);
  }
}, 60_000);

afterAll(async () => {
  for (const worker of workers.values()) await worker.stop();
  await database?.end();
  await t?.close();
});

interface Held {
  pid: number;
  steps: number;
}

/** The worker that has the job, once it has done some steps. */
async function atWorkOn(jobId: string): Promise<Held> {
  for (;;) {
    const { rows } = await database.query<{ owner: string | null; state: string; steps: number }>(
      `SELECT lease_owner AS owner, state, (SELECT coalesce(max(step), 0) FROM job_metrics WHERE job_id = $1)::int AS steps FROM jobs WHERE id = $1`,
      [jobId],
    );
    const [{ owner, state, steps }] = rows;
    if (state !== 'queued' && state !== 'running') throw new Error(`the job was ${state} before anybody was killed`);
    if (owner && steps >= 2) return { pid: Number(owner.split('/')[1]), steps };
    await sleep(10);
  }
}

test('a loop whose training worker is killed goes on with another one, and does nothing twice', async () => {
  const training = {
    method: 'grpo',
    hyperparameters: { steps: 30, promptsPerStep: 4, groupSize: 4, maxTokens: 6, evaluationPrompts: 2, learningRate: 1e-4 },
  };
  const { body: created } = await world.post('/v1/loops', world.body({ iterations: 1, training })).expect(201);
  const { id } = created as { id: string };
  await world.until(id, ({ state }) => state === 'awaiting_ratings');
  await world.rate(id, 1);
  const { jobId } = await world.until(id, (loop) => loop.state === 'train' && loop.jobId !== null);

  const { pid, steps } = await atWorkOn(jobId!);
  process.kill(pid, 'SIGKILL');
  await workers.get(pid)!.ended;
  workers.delete(pid);
  expect(workers.size).toBe(1);

  await world.until(id, ({ state }) => state === 'awaiting_judgements');
  await world.judge(id, 1, 'candidate');
  const loop = await world.until(id, ({ status }) => status === 'completed');
  const iteration = await world.iteration(id, 1);
  expect(iteration).toMatchObject({ decision: 'promoted', reason: 'won' });
  expect(loop.currentVersionId).toBe(iteration.candidateVersionId);
  expect(iteration.transitions.map(({ from }: { from: string }) => from)).toEqual([
    'generate', 'select', 'awaiting_ratings', 'pairs', 'reward', 'train', 'compare', 'awaiting_judgements', 'promote',
  ]);

  const { body: job } = await world.get(`/v1/jobs/${jobId}`).expect(200);
  expect(job.state).toBe('succeeded');
  const { body: logs } = await world.get(`/v1/jobs/${jobId}/logs`).expect(200);
  const resumed = (logs.data as { message: string }[]).find(({ message }) => message.startsWith('continues after step'));
  // At least from what the killed worker had saved before it reported these steps.
  expect(Number(resumed?.message.split(' ').at(-1))).toBeGreaterThanOrEqual(steps - 1);
  for (const table of ['completion_batches', 'pair_sets', 'reward_models', 'training_runs', 'comparisons'])
    expect((await database.query(`SELECT count(*)::int AS n FROM ${table}`)).rows[0].n, table).toBe(1);
}, 120_000);
