import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dataSourceOptions } from './data-source.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.js';
import { ensureDatabase, migrate } from './migrate.js';

const dir = mkdtempSync(join(tmpdir(), 'plumbline-migrate-'));
let server: EmbeddedPostgres;
beforeAll(async () => {
  server = await startEmbeddedPostgres({ dir, settings: ['fsync=off'] });
});
afterAll(async () => {
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

test('down takes all away that up made; processes that start together apply it once', async () => {
  const url = await database('there_and_back');
  const applied = await Promise.all([migrate(url), migrate(url), migrate(url)]);
  expect(applied.flat()).toEqual(['Init1795824000000']);

  const source = await new DataSource(dataSourceOptions(url)).initialize();
  await source.undoLastMigration();
  expect(await source.query("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")).toEqual([{ relname: 'migrations' }]);
  expect(await source.query("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace")).toEqual([]);
  await source.destroy();
  expect(await migrate(url)).toEqual(['Init1795824000000']);
});

test('a database of another version is refused by the name of its migration, and unchanged', async () => {
  const url = await database('of_another_version');
  const source = await new DataSource(dataSourceOptions(url)).initialize();
  await source.query('CREATE TABLE migrations (id serial, timestamp bigint, name text)');
  await source.query("INSERT INTO migrations (timestamp, name) VALUES (1, 'Init1'), (2, 'Later2')");

  await expect(migrate(url)).rejects.toThrow(/another version of Plumbline made this database.*Later2/);
  expect(await source.query("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")).toEqual([{ relname: 'migrations' }]);
  await source.destroy();
});

async function database(name: string): Promise<string> {
  const url = new URL(server.url);
  url.pathname = name;
  await ensureDatabase(url.href);
  return url.href;
}
