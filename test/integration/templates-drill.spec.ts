// The short form of `npm run faults -- templates`: real processes, hostile models.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { FaultReport } from '../faults/fault.js';

test('hostile templates, expressions and headers end no process and hold none', { timeout: 480_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-drill-'));
  const file = join(dir, 'report.json');
  // Compiled: `npm test` builds before it tests.
  const { status, stderr } = spawnSync(process.execPath, ['dist/test/faults/main.js', 'templates', '--rounds', '1', '--only', 'memory,expressions,sizes', '--report', file], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const report = JSON.parse(readFileSync(file, 'utf8')) as FaultReport;
  rmSync(dir, { recursive: true });
  expect(report).toMatchObject({ rounds: 1, lost: 0, stuck: 0, deadProcesses: 0, healthzFailed: 0, slow: [] });
  expect(report.models).toHaveLength(5);
});
