import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, expect, test } from 'vitest';
import { startEmbeddedPostgres } from './embedded-postgres.js';
import { ensureDatabase } from './migrate.js';

const dir = mkdtempSync(join(tmpdir(), 'plumbline-embedded-'));
afterAll(async () => {
  await (await startEmbeddedPostgres({ dir })).stop();
  rmSync(dir, { recursive: true, force: true });
});

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

test('a second start attaches to the running server; after kill -9 it recovers with its data', async () => {
  const first = await startEmbeddedPostgres({ dir });
  await ensureDatabase(first.url);
  await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');

  const second = await startEmbeddedPostgres({ dir });
  expect(second.url).toBe(first.url);

  const pid = Number(readFileSync(join(dir, 'data/postmaster.pid'), 'utf8').split('\n')[0]);
  process.kill(pid, 'SIGKILL');
  await new Promise((resolve) => setTimeout(resolve, 500));

  const third = await startEmbeddedPostgres({ dir });
  expect(await query(third.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
});

test('a wrong password is refused', async () => {
  const { url } = await startEmbeddedPostgres({ dir });
  const wrong = new URL(url);
  wrong.password = 'wrong';
  await expect(query(wrong.href, 'SELECT 1')).rejects.toThrow(/password/);
});
