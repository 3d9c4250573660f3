// Why a start failed stands in the terminal, also when the children write to a file that nobody looks at.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { startPlumbline } from '#src/process/supervisor.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
let dataDir: string;
let start: typeof startPlumbline;
beforeAll(async () => {
  database = await createTestDatabase();
  dataDir = mkdtempSync(join(tmpdir(), 'plumbline-supervisor-'));
  // Processes run compiled code; `npm test` builds before it tests.
  ({ startPlumbline: start } = (await import(new URL('../../dist/src/process/supervisor.js', import.meta.url).href)) as { startPlumbline: typeof startPlumbline });
});
afterAll(async () => {
  rmSync(dataDir, { recursive: true, force: true });
  await database?.drop();
});

const env = (more: Record<string, string>) => ({ DATABASE_URL: database.url, PLUMBLINE_DATA_DIR: dataDir, LOG_LEVEL: 'silent', PORT: '0', ...more });

test('a port that is taken, and by whom', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  try {
    await expect(start({ api: true, workers: [], output: 'ignore', env: env({ PORT: String(port) }) })).rejects.toThrow(
      `port ${port} of 127.0.0.1 is in use by ${process.platform === 'linux' ? `process ${process.pid}` : ''}`,
    );
  } finally {
    other.close();
  }
});

test('a worker whose settings do not work here', async () => {
  const failed = start({ api: false, workers: [['--queues', 'cakes']], output: 'ignore', env: env({}) });
  await expect(failed).rejects.toThrow('unknown queue cakes: the queues are generation');
});

test('a worker beside nothing on an embedded database, which it would leave behind', async () => {
  const alone = start({ api: false, workers: [[]], output: 'ignore', env: { ...env({}), DATABASE_URL: '', PLUMBLINE_DATA_DIR: join(dataDir, 'empty') } });
  await expect(alone).rejects.toThrow('start one with `npm start`, or set DATABASE_URL');
});

test('a start that is told to end ends, and nothing of it is left', async () => {
  const controller = new AbortController();
  const reason = new Error('told to end');
  const starting = start({ api: true, workers: [[]], output: 'ignore', env: env({}), signal: controller.signal });
  setTimeout(() => controller.abort(reason), 1500);
  await expect(starting).rejects.toBe(reason);
});
