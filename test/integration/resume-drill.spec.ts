// The short form of `npm run faults -- resume`: real processes, real kills, weights to the bit.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { FaultReport } from '../../scripts/faults/fault.js';
import type { SubjectReport } from '../../scripts/faults/resume/drill.js';

/** Compiled: `npm test` builds before it tests. */
const faults = (...args: string[]) => spawnSync(process.execPath, ['dist/scripts/faults/main.js', ...args], { encoding: 'utf8' });

test('runs whose workers were killed end with the weights of an undisturbed run', { timeout: 240_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-drill-'));
  const file = join(dir, 'report.json');
  const { status, stderr } = faults('resume', '--rounds', '2', '--only', 'dpo', '--report', file);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const report = JSON.parse(readFileSync(file, 'utf8')) as FaultReport;
  rmSync(dir, { recursive: true });
  expect(report).toMatchObject({ rounds: 2, lost: 0, doubled: 0, stuck: 0, hashesEqual: true });
  const { dpo } = report.methods as Record<string, SubjectReport>;
  expect(dpo.kills).toBeGreaterThanOrEqual(2);
  // Otherwise it would only show that starting over gives the same bits.
  expect(dpo.resumedAfter.length).toBeGreaterThanOrEqual(1);
});

test.each([[['resume', '--rounds', '0']], [['nothing', '--rounds', '1']]])(
  'a wrong command %j ends with 2 and its usage',
  (args) => {
    const { status, stderr } = faults(...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^plumbline: .+; usage: npm run faults -- NAME --rounds N/);
  },
);
