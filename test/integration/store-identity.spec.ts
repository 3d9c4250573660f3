// A process with another artifact store than the database's refuses to start; a store that goes away makes jobs wait.
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ArtifactsModule } from '#src/artifacts/artifacts.module.js';
import { ArtifactStore, ContentMissingError } from '#src/artifacts/artifact-store.js';
import { sha256 } from '#src/common/hash.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { createTestDatabase } from '../support/database.js';
import { enqueue, everyone, ScriptedModule, settled, startNode, type Node } from './jobs-fixture.js';
import { JobsService } from '#src/jobs/jobs.service.js';

let t: TestApp;
let worker: Node;
const folders: string[] = [];
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-other-'));
  folders.push(folder);
  return folder;
};
const node = (artifactsDir: string, databaseUrl = t.database.url) =>
  startNode({ DATABASE_URL: databaseUrl, ARTIFACTS_DIR: artifactsDir }, ['pair-building'], [ScriptedModule, ArtifactsModule]);
const upload = (content: string) =>
  request(t.http).post('/v1/artifacts').query({ kind: 'note', fileName: 'a.bin' }).set(t.admin).set('content-type', 'application/octet-stream').send(content);

beforeAll(async () => {
  t = await createTestApp();
  worker = await node(t.config.artifactsDir);
});
afterAll(async () => {
  await worker?.close();
  await t?.close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const marker = () => join(t.config.artifactsDir, 'store-id');

test('the first process marks the store; another folder is refused, with what to do', async () => {
  await upload('a content').expect(201);
  expect(readFileSync(marker(), 'utf8')).toMatch(/^[0-9a-f-]{36}\n$/);
  const empty = newFolder();
  await expect(node(empty)).rejects.toThrow(`ARTIFACTS_DIR ${empty} is not the artifact store of this database`);
  expect(existsSync(join(empty, 'store-id'))).toBe(false);
  const other = newFolder();
  writeFileSync(join(other, 'store-id'), '019a8a5e-3f4b-7c1d-9e2a-5b6c7d8e9f00\n');
  await expect(node(other)).rejects.toThrow('it belongs to another database, 019a8a5e-3f4b-7c1d-9e2a-5b6c7d8e9f00');
});

test('a store from before there were markers gets one; two processes that start on an empty one agree', async () => {
  const id = readFileSync(marker(), 'utf8');
  rmSync(marker());
  await (await node(t.config.artifactsDir)).close();
  expect(readFileSync(marker(), 'utf8')).toBe(id);

  const database = await createTestDatabase();
  const empty = newFolder();
  const both = await Promise.all([node(empty, database.url), node(empty, database.url)]);
  await Promise.all(both.map((each) => each.close()));
  await (await node(empty, database.url)).close();
  await database.drop();
});

test('a store that goes away makes a job wait and uploads answer 503; it goes on when the store is back', async () => {
  const away = `${t.config.artifactsDir}-away`;
  const { body } = await upload('needed').expect(201);
  renameSync(t.config.artifactsDir, away);
  try {
    const id = await enqueue(worker, async () => void (await worker.get<ArtifactStore>(ArtifactStore as never).read(sha256('needed'))), 1);
    const waiting = await vi.waitUntil(async () => {
      const job = await worker.get(JobsService).get(everyone, id);
      return job.state === 'queued' && job.error && job;
    }, { timeout: 20_000 });
    expect(waiting).toMatchObject({ attempt: 0, error: { code: 'artifact_store_unavailable' } });
    const refused = await upload('more').expect(503);
    expect(refused.body).toMatchObject({ code: 'artifact_store_unavailable', status: 503 });
    await request(t.http).get(`/v1/artifacts/${body.id}/content`).set(t.admin).expect(503);
    expect(existsSync(t.config.artifactsDir)).toBe(false);
    renameSync(away, t.config.artifactsDir);
    expect(await settled(worker, id, undefined, 40_000)).toMatchObject({ state: 'succeeded', attempt: 1 });
  } finally {
    if (existsSync(away)) renameSync(away, t.config.artifactsDir);
  }
});

test('a content that the store has lost fails its job at once, by its own code', async () => {
  const id = await enqueue(worker, async () => void (await worker.get<ArtifactStore>(ArtifactStore as never).read(sha256('never stored'))));
  expect(await settled(worker, id)).toMatchObject({ state: 'failed', attempt: 1, error: { code: 'artifact_content_missing' } });
  await expect(worker.get<ArtifactStore>(ArtifactStore as never).read(sha256('never stored'))).rejects.toThrow(ContentMissingError);
});
