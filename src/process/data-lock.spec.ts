import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DataLock, lockHolder } from './data-lock.js';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'plumbline-lock-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('a second one is refused with process and address, until the first has gone', async () => {
  const lock = await DataLock.take(dir);
  await expect(DataLock.take(dir)).rejects.toThrow(new RegExp(`already runs on .*: process ${process.pid}, still starting`));
  lock.tell({ url: 'http://127.0.0.1:3000' });
  await expect(DataLock.take(dir)).rejects.toThrow(`process ${process.pid}, http://127.0.0.1:3000`);
  expect(lockHolder(dir)).toMatchObject({ pid: process.pid, url: 'http://127.0.0.1:3000' });
  lock.release();
  expect(lockHolder(dir)).toBeUndefined();
  (await DataLock.take(dir)).release();
  expect(readdirSync(dir)).toEqual([]);
});

test('locks of the dead are taken over: no such process, its number given to another, a file cut short', async () => {
  const dead = spawn(process.execPath, ['-e', '']);
  await once(dead, 'exit');
  const mine = await DataLock.take(dir);
  const { startTime } = JSON.parse(readFileSync(join(dir, 'plumbline.lock'), 'utf8')) as { startTime: string };
  mine.release();
  for (const content of [JSON.stringify({ pid: dead.pid, startTime }), JSON.stringify({ pid: process.pid, startTime: 'earlier' }), '{"pi']) {
    writeFileSync(join(dir, 'plumbline.lock'), content);
    const lock = await DataLock.take(dir);
    expect(lockHolder(dir)?.pid).toBe(process.pid);
    lock.release();
  }
});

test('one that is about to end is waited for', async () => {
  const lock = await DataLock.take(dir);
  lock.tell({ stopping: true });
  let taken = false;
  const next = DataLock.take(dir).then((other) => ((taken = true), other));
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(taken).toBe(false);
  lock.release();
  (await next).release();
});

test('a lock that went to another is not released', async () => {
  const lock = await DataLock.take(dir);
  writeFileSync(join(dir, 'plumbline.lock'), JSON.stringify({ pid: 1, startTime: 'x' }));
  lock.release();
  expect(readdirSync(dir)).toEqual(['plumbline.lock']);
});
