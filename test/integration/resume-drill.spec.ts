// The short form of `npm run faults -- resume`: real processes, real kills, weights to the bit.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { FaultReport } from '../faults/fault.js';
import type { SubjectReport } from '../faults/resume/drill.js';

/** Compiled: `npm test` builds before it tests. */
const faults = (...args: string[]) => spawnSync(process.execPath, ['dist/test/faults/main.js', ...args], { encoding: 'utf8' });

test('trainings whose workers were killed end with the weights of an undisturbed one', { timeout: 480_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-drill-'));
  const file = join(dir, 'report.json');
  const { status, stderr } = faults('resume', '--rounds', '2', '--only', 'reward,dpo,ppo', '--report', file);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const report = JSON.parse(readFileSync(file, 'utf8')) as FaultReport;
  rmSync(dir, { recursive: true });
  expect(report).toMatchObject({ rounds: 2, lost: 0, doubled: 0, stuck: 0, hashesEqual: true });
  const methods = Object.entries(report.methods as Record<string, SubjectReport>);
  expect(methods.map(([name]) => name).sort()).toEqual(['dpo', 'ppo', 'reward']);
  for (const [name, { kills, resumedAfter }] of methods) {
    expect(kills, name).toBeGreaterThanOrEqual(2);
    // Otherwise it would only show that starting over gives the same bits.
    expect(resumedAfter.length, name).toBeGreaterThanOrEqual(1);
  }
});

test.each([[['resume', '--rounds', '0']], [['nothing', '--rounds', '1']]])(
  'a wrong command %j ends with 2 and its usage',
  (args) => {
    const { status, stderr } = faults(...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^plumbline: .+; usage: npm run faults -- NAME --rounds N/);
  },
);
