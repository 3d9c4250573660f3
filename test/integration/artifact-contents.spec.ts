// Contents that several name, take back, and put again: a row without its bytes must never come about, whoever dies when.
import { readdirSync, utimesSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ArtifactStore } from '#src/artifacts/artifact-store.js';
import { ArtifactsService } from '#src/artifacts/artifacts.service.js';
import { ContentsService } from '#src/artifacts/contents.service.js';
import { Database } from '#src/database/database.js';
import { withSql } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';

let t: TestApp;
let store: ArtifactStore;
let contents: ContentsService;
let artifacts: ArtifactsService;
let database: Database;
beforeAll(async () => {
  t = await createTestApp();
  [store, contents, artifacts, database] = [t.get(ArtifactStore as never), t.get(ContentsService), t.get(ArtifactsService), t.get(Database)];
});
afterAll(() => t.close());

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
const info = { kind: 'checkpoint', fileName: 'model.safetensors', mediaType: 'application/octet-stream' };
const register = async (content: Awaited<ReturnType<ContentsService['put']>>) =>
  (await database.transaction((tx) => artifacts.register(tx, [{ ...info, ...content }])))[0];
const forget = (id: string) => database.transaction((tx) => artifacts.forget(tx, [id]));
const claims = (sha256: string) =>
  withSql(t, async (client) => (await client.query('SELECT until FROM content_claims WHERE sha256 = $1', [sha256])).rows);

test('what one run takes back, another one has put and is about to name: it stays', async () => {
  const first = await contents.put(bytes('same bits'));
  const id = await register(first);
  const second = await contents.put(bytes('same bits'));
  await artifacts.removeContents(await forget(id));
  expect(await store.exists(first.sha256)).toBe(true);
  const other = await register(second);
  await artifacts.removeContents([first.sha256]);
  expect(await store.exists(first.sha256)).toBe(true);
  await artifacts.removeContents(await forget(other));
  expect(await store.exists(first.sha256)).toBe(false);
  expect(await claims(first.sha256)).toEqual([]);
});

test('four runs of the same bits, each dropping what it kept before: a named content is always there', async () => {
  const names = new Set<string>();
  const run = async () => {
    for (let step = 0; step < 25; step++) {
      const content = await contents.put(bytes('racing bits'));
      names.add(content.sha256);
      const id = await register(content);
      expect(await store.exists(content.sha256)).toBe(true);
      await artifacts.removeContents(await forget(id));
    }
  };
  await Promise.all([run(), run(), run(), run()]);
  expect(names.size).toBe(1);
  expect(await store.exists([...names][0])).toBe(false);
});

test('a process that dies before it removes, or before it names, leaves nothing for long', async () => {
  const taken = await contents.put(bytes('taken back'));
  await forget(await register(taken));
  const unnamed = await contents.put(bytes('never named'));
  const named = await contents.put(bytes('named'));
  await register(named);
  await contents.sweep();
  // The one that nobody named may still be named.
  expect(await Promise.all([taken, unnamed, named].map(({ sha256 }) => store.exists(sha256)))).toEqual([false, true, true]);
  await withSql(t, (client) => client.query('UPDATE content_claims SET until = now()'));
  await contents.sweep();
  expect(await Promise.all([unnamed, named].map(({ sha256 }) => store.exists(sha256)))).toEqual([false, true]);
});

test('half-written files of processes that were killed are swept, those that are being written are not', async () => {
  const folder = join(t.config.artifactsDir, 'tmp');
  mkdirSync(folder, { recursive: true });
  for (const name of ['left', 'fresh']) writeFileSync(join(folder, name), 'half');
  const longAgo = new Date(Date.now() - 2 * 3_600_000);
  utimesSync(join(folder, 'left'), longAgo, longAgo);
  await contents.sweep();
  expect(readdirSync(folder)).toEqual(['fresh']);
});
