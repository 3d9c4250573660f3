import { mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { healthy, reportHealth } from './worker-health.js';

test('a worker touches a file of its own, follows no link, and is unhealthy once the file is old', () => {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-health-'));
  try {
    expect(healthy(dir)).toBe(false);
    reportHealth(dir);
    const [name] = readdirSync(join(dir, 'workers'));
    expect(name).toBe(`${hostname()}-${process.pid}`);
    expect(healthy(dir)).toBe(true);
    utimesSync(join(dir, 'workers', name), new Date(0), new Date(0));
    expect(healthy(dir)).toBe(false);

    rmSync(join(dir, 'workers', name));
    writeFileSync(join(dir, 'precious'), 'mine');
    symlinkSync(join(dir, 'precious'), join(dir, 'workers', name));
    reportHealth(dir);
    expect(readFileSync(join(dir, 'precious'), 'utf8')).toBe('mine');
    expect(healthy(dir)).toBe(true);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
