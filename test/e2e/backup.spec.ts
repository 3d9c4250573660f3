// The backups of docs/operations.md, made and restored: a copy of a stopped system's data folder, and a dump of the database
// with copies of the artifacts while a training goes on.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import request from 'supertest';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sha256 } from '#src/common/hash.js';
import { startEmbeddedPostgres } from '#src/database/embedded-postgres.js';
import { ensureDatabase, migrate } from '#src/database/migrate.js';
import { prepareQueueSchema } from '#src/jobs/queue-schema.js';
import { TrainingWorkerModule } from '#src/training/training-worker.module.js';
import { withSql } from '../factories/ratings.js';
import { givenPairSet, givenPolicyVersion, trainableCheckpoint } from '../factories/training.js';
import { settled, startNode, type Node } from '../integration/jobs-fixture.js';
import { createTestApp, type TestApp } from '../support/app.js';

const run = promisify(execFile);

let root: string;
const closing: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'plumbline-backup-'));
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  rmSync(root, { recursive: true, force: true });
});

/** Postgres in `dir/postgres`, as `npm start` has it in the data folder; with the schema, unless it is restored. */
async function postgresIn(dir: string, options: { binaries?: { initdb: string; pg_ctl: string } } = {}): Promise<string> {
  const postgres = await startEmbeddedPostgres({ dir: join(dir, 'postgres'), ...options });
  closing.push(() => postgres.stop());
  return postgres.url;
}

async function prepared(url: string): Promise<string> {
  await ensureDatabase(url);
  await migrate(url);
  await prepareQueueSchema(url);
  return url;
}

async function apiOn(url: string, dataDir: string): Promise<TestApp> {
  const t = await createTestApp({ PLUMBLINE_DATA_DIR: dataDir }, { url, drop: () => Promise.resolve() });
  closing.push(() => t.close());
  return t;
}

async function workerOn(url: string, dataDir: string): Promise<Node> {
  const env = { DATABASE_URL: url, PLUMBLINE_DATA_DIR: dataDir, COMPUTE_THREADS: '1', SAVE_EVERY_SECONDS: '0' };
  const worker = await startNode(env, ['fine-tuning'], [TrainingWorkerModule]);
  closing.push(() => worker.close());
  return worker;
}

/** Closes what was opened last, down to `depth`. */
async function closeDownTo(depth: number): Promise<void> {
  while (closing.length > depth) await closing.pop()!();
}

async function givenTraining(t: TestApp): Promise<(epochs: number) => Promise<{ id: string; jobId: string }>> {
  const policyVersionId = await givenPolicyVersion(t, 'learner', trainableCheckpoint());
  const pairs = [...'abcdefghijkl'].map((letter, i) => ({
    prompt: `${letter}?`, chosen: 'yes.', rejected: `${letter} ${letter}`, split: i < 9 ? ('train' as const) : ('eval' as const),
  }));
  const pairSetId = await givenPairSet(t, pairs);
  return async (epochs) => {
    const hyperparameters = { epochs, batchSize: 3, learningRate: 0.01, checkpointEvery: 1, keepCheckpoints: 2 };
    const { body } = await request(t.http).post('/v1/training-runs').set(t.admin).send({ method: 'sft', policyVersionId, pairSetId, hyperparameters }).expect(202);
    return body as { id: string; jobId: string };
  };
}

const get = async (t: TestApp, path: string) => (await request(t.http).get(path).set(t.admin).expect(200)).body;
const checkpointsOf = async (t: TestApp, runId: string) => (await get(t, `/v1/training-runs/${runId}/checkpoints`)).data as { step: number; sha256: string }[];

/** Every file that the database names is there, whole. */
async function expectArtifactsWhole(t: TestApp): Promise<void> {
  const { rows } = await withSql(t, (client) => client.query<{ id: string; sha256: string }>('SELECT id, sha256 FROM artifacts'));
  expect(rows.length).toBeGreaterThan(10);
  for (const { id, sha256: hash } of rows) {
    const { body } = await request(t.http).get(`/v1/artifacts/${id}/content`).set(t.admin).responseType('blob').expect(200);
    expect(sha256(body as Buffer)).toBe(hash);
  }
}

test('a copy of the data folder of a stopped system, put elsewhere, is the system: models, checkpoints, and the job that waited', async () => {
  const [home, copy] = [join(root, 'home'), join(root, 'copy')];
  const url = await prepared(await postgresIn(home));
  const t = await apiOn(url, home);
  const train = await givenTraining(t);
  const worker = await workerOn(url, home);
  const done = await train(2);
  await settled(worker, done.jobId, undefined, 300_000);
  const [run1, checkpoints] = [await get(t, `/v1/training-runs/${done.id}`), await checkpointsOf(t, done.id)];
  await closeDownTo(2);
  const waiting = await train(1);
  await closeDownTo(0);

  await run('cp', ['-a', home, copy]);
  rmSync(home, { recursive: true });

  const restored = await apiOn(await postgresIn(copy), copy);
  expect(await get(restored, `/v1/training-runs/${done.id}`)).toEqual(run1);
  expect(run1.resultPolicyVersionId).toEqual(expect.any(String));
  expect(await checkpointsOf(restored, done.id)).toEqual(checkpoints);
  await expectArtifactsWhole(restored);
  const successor = await workerOn(restored.database.url, copy);
  expect(await settled(successor, waiting.jobId, undefined, 300_000)).toMatchObject({ state: 'succeeded' });
}, 600_000);

/** Programs of a Postgres that has pg_dump; it must be as new as the server, so it brings the server too. */
const bin = ['/usr/lib/postgresql', '/usr/local/opt', '/opt/homebrew/opt']
  .filter((dir) => existsSync(dir))
  .flatMap((dir) => readdirSync(dir).map((version) => join(dir, version, 'bin')))
  .find((dir) => ['initdb', 'pg_ctl', 'pg_dump', 'pg_restore'].every((program) => existsSync(join(dir, program))));
if (!bin) console.warn('test/e2e/backup.spec.ts: no Postgres with pg_dump on this machine, dump and restore are NOT tested');

test.skipIf(!bin)('a dump between two copies of the artifacts, taken while a training goes on, is a sound system that ends it with the same weights', async () => {
  const [home, copy] = [join(root, 'home'), join(root, 'copy')];
  const url = await prepared(await postgresIn(home, { binaries: { initdb: join(bin!, 'initdb'), pg_ctl: join(bin!, 'pg_ctl') } }));
  const t = await apiOn(url, home);
  const train = await givenTraining(t);
  const worker = await workerOn(url, home);
  const { id, jobId } = await train(30);
  while ((await checkpointsOf(t, id)).length < 2) await sleep(20);

  const files = join(copy, 'artifacts');
  await run('mkdir', ['-p', copy]);
  // The first copy takes what retention may delete before the second, which takes what came meanwhile. A file that goes away
  // under a copy is one that nothing needs.
  const copyFiles = () => run('cp', ['-a', '-n', join(home, 'artifacts'), copy]).catch(() => undefined);
  await copyFiles();
  await run(join(bin!, 'pg_dump'), ['--format=custom', `--file=${join(copy, 'plumbline.dump')}`, url]);
  await copyFiles();
  rmSync(join(files, 'tmp'), { recursive: true, force: true });
  const atDump = await checkpointsOf(t, id);
  expect(await settled(worker, jobId, undefined, 300_000)).toMatchObject({ state: 'succeeded' });
  const undisturbed = (await checkpointsOf(t, id)).at(-1);
  expect(undisturbed!.step).toBeGreaterThan(atDump.at(-1)!.step);
  await closeDownTo(1);

  const elsewhere = new URL(url);
  elsewhere.pathname = '/restored';
  await ensureDatabase(elsewhere.href);
  await run(join(bin!, 'pg_restore'), ['--no-owner', '--exit-on-error', `--dbname=${elsewhere.href}`, join(copy, 'plumbline.dump')]);
  const restored = await apiOn(elsewhere.href, copy);
  const before = await checkpointsOf(restored, id);
  expect(before.at(-1)!.step).toBeLessThan(undisturbed!.step);
  await expectArtifactsWhole(restored);
  // Its worker is gone with the old system: the lease runs out, and another worker goes on after the last save.
  const successor = await workerOn(elsewhere.href, copy);
  expect(await settled(successor, jobId, undefined, 300_000)).toMatchObject({ state: 'succeeded' });
  expect((await checkpointsOf(restored, id)).at(-1)).toMatchObject({ step: undisturbed!.step, sha256: undisturbed!.sha256 });
}, 600_000);
