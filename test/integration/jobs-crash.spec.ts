// Real processes and real signals: what a specification within one process cannot show.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { transpile } from '../support/transpile.js';
import { enqueue, eventTypes, settled, startNode, type Node } from './jobs-fixture.js';

let compiled: string;
let database: TestDatabase;
let api: Node;
const children: ChildProcess[] = [];

beforeAll(async () => {
  compiled = transpile(['src/common', 'src/config', 'src/database', 'src/events', 'src/jobs', 'migrations', 'test/integration']);
  database = await createTestDatabase();
  api = await startNode({ DATABASE_URL: database.url }, []);
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await api?.close();
  await database?.drop();
  rmSync(compiled, { recursive: true, force: true });
});

test('a job whose worker was killed is taken up by another process', async () => {
  const first = startChild();
  const id = await enqueue(api, () => Promise.resolve());
  await says(first, 'running');
  first.kill('SIGKILL');
  const second = await startNode({ DATABASE_URL: database.url }, ['pair-building']);
  try {
    expect(await settled(api, id)).toMatchObject({ state: 'succeeded', attempt: 2 });
    expect(await eventTypes(api, id)).toEqual(['queued', 'started', 'recovered', 'started', 'succeeded']);
  } finally {
    await second.close();
  }
});

test('a worker that is told to end gives its job back and is gone within seconds', async () => {
  const child = startChild();
  const id = await enqueue(api, () => Promise.resolve());
  await says(child, 'running');
  const at = Date.now();
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number | null];
  expect(code).toBe(0);
  expect(Date.now() - at).toBeLessThan(5000);
  expect(await settled(api, id, 'queued')).toMatchObject({ attempt: 0 });
  expect(await eventTypes(api, id)).toEqual(['queued', 'started', 'released']);
});

function startChild(): ChildProcess {
  const child = spawn(process.execPath, [join(compiled, 'test/integration/jobs-child.js')], {
    env: { ...process.env, DATABASE_URL: database.url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

async function says(child: ChildProcess, word: string): Promise<void> {
  for await (const data of child.stdout!) if (String(data).includes(word)) return;
  throw new Error(`the worker ended without saying '${word}'`);
}
