// Real processes and real signals: what a specification within one process cannot show.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { transpile } from '../support/transpile.js';
import { enqueue, eventTypes, settled, startNode, type Node } from './jobs-fixture.js';

let compiled: string;
let database: TestDatabase;
let api: Node;
const children: ChildProcess[] = [];

beforeAll(() => {
  compiled = transpile(['src/common', 'src/config', 'src/database', 'src/events', 'src/jobs', 'migrations', 'test/integration', 'test/support']);
});
afterAll(() => rmSync(compiled, { recursive: true, force: true }));
// A job that is left over must not be the first of the next test's worker.
beforeEach(async () => {
  database = await createTestDatabase();
  api = await startNode({ DATABASE_URL: database.url }, []);
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await api?.close();
  await database?.drop();
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

test('a step longer than its lease keeps the job, at the first attempt', async () => {
  const child = startChild({ DOING: 'compute', BLOCK_MS: '5000', JOB_LEASE_SECONDS: '1' });
  const id = await enqueue(api, () => Promise.resolve());
  await says(child, 'running');
  expect(await settled(api, id)).toMatchObject({ state: 'succeeded', attempt: 1 });
  expect(await eventTypes(api, id)).toEqual(['queued', 'started', 'succeeded']);
});

test('a worker that is stuck outside of any computation loses its job, and may not write when it comes back', async () => {
  const child = startChild({ DOING: 'stuck', BLOCK_MS: '8000', JOB_LEASE_SECONDS: '1' });
  const id = await enqueue(api, () => Promise.resolve());
  await says(child, 'running');
  await settled(api, id, 'queued');
  const other = await startNode({ DATABASE_URL: database.url }, ['pair-building']);
  try {
    expect(await settled(api, id)).toMatchObject({ state: 'succeeded', attempt: 2 });
  } finally {
    await other.close();
  }
  expect(await eventTypes(api, id)).toEqual(['queued', 'started', 'recovered', 'started', 'succeeded']);
});

test('a worker that is killed in a computation loses its job in time', async () => {
  const child = startChild({ DOING: 'compute', BLOCK_MS: '60000', JOB_LEASE_SECONDS: '1' });
  const id = await enqueue(api, () => Promise.resolve());
  await says(child, 'running');
  // It is renewed while the worker computes, and no longer.
  await new Promise((resolve) => setTimeout(resolve, 2500));
  expect((await settled(api, id, 'running')).attempt).toBe(1);
  child.kill('SIGKILL');
  await settled(api, id, 'queued');
});

test('workers that die after they saved something do not use the attempts up', async () => {
  const id = await enqueue(api, () => Promise.resolve(), 2);
  for (let death = 0; death < 3; death++) {
    const child = startChild({ DOING: 'keeping' });
    await once(child, 'exit');
    expect(await settled(api, id, 'queued')).toMatchObject({ attempt: 1 });
  }
  const last = await startNode({ DATABASE_URL: database.url }, ['pair-building']);
  try {
    expect(await settled(api, id)).toMatchObject({ state: 'succeeded', attempt: 2 });
  } finally {
    await last.close();
  }
});

function startChild(env: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, [join(compiled, 'test/integration/jobs-child.js')], {
    env: { ...process.env, DATABASE_URL: database.url, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

async function says(child: ChildProcess, word: string): Promise<void> {
  for await (const data of child.stdout!) if (String(data).includes(word)) return;
  throw new Error(`the worker ended without saying '${word}'`);
}
