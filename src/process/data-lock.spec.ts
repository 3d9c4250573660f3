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

test('a second one is refused with process and address, until the first has gone', () => {
  const lock = DataLock.take(dir);
  expect(() => DataLock.take(dir)).toThrow(new RegExp(`already runs on .*: process ${process.pid}, still starting`));
  lock.tell('http://127.0.0.1:3000');
  expect(() => DataLock.take(dir)).toThrow(`process ${process.pid}, http://127.0.0.1:3000`);
  expect(lockHolder(dir)).toMatchObject({ pid: process.pid, url: 'http://127.0.0.1:3000' });
  lock.release();
  expect(lockHolder(dir)).toBeUndefined();
  DataLock.take(dir).release();
  expect(readdirSync(dir)).toEqual([]);
});

test('locks of the dead are taken over: no such process, its number given to another, a file cut short', async () => {
  const dead = spawn(process.execPath, ['-e', '']);
  await once(dead, 'exit');
  const mine = DataLock.take(dir);
  const { startTime } = JSON.parse(readFileSync(join(dir, 'plumbline.lock'), 'utf8')) as { startTime: string };
  mine.release();
  for (const content of [JSON.stringify({ pid: dead.pid, startTime }), JSON.stringify({ pid: process.pid, startTime: 'earlier' }), '{"pi']) {
    writeFileSync(join(dir, 'plumbline.lock'), content);
    const lock = DataLock.take(dir);
    expect(lockHolder(dir)?.pid).toBe(process.pid);
    lock.release();
  }
});

test('a lock that went to another is not released', () => {
  const lock = DataLock.take(dir);
  writeFileSync(join(dir, 'plumbline.lock'), JSON.stringify({ pid: 1, startTime: 'x' }));
  lock.release();
  expect(readdirSync(dir)).toEqual(['plumbline.lock']);
});
