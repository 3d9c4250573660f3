// The short forms of `npm run faults -- processes`, `-- stores` and `-- mixed`: real processes of `npm start`, real kills and signals.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { FaultReport } from '../faults/fault.js';

/** Compiled: `npm test` builds before it tests. */
function faults(...args: string[]): { status: number | null; stderr: string; report: FaultReport } {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-drill-'));
  const file = join(dir, 'report.json');
  const { status, stderr } = spawnSync(process.execPath, ['dist/test/faults/main.js', ...args, '--report', file], { encoding: 'utf8' });
  expect(existsSync(file), stderr).toBe(true);
  const report = JSON.parse(readFileSync(file, 'utf8')) as FaultReport;
  rmSync(dir, { recursive: true });
  return { status, stderr, report };
}

test.skipIf(process.platform !== 'linux')(
  'case 59: killed parts come back, a second start is refused, and signals to npm, also while it boots, end all of it',
  { timeout: 900_000 },
  () => {
    const { status, stderr, report } = faults('processes', '--rounds', '1');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(report).toMatchObject({ lost: 0, doubled: 0, stuck: 0, broken: [], kills: 4 });
  },
);

test('a worker with another store does not start, and jobs wait for a store that is away or full', { timeout: 600_000 }, () => {
  const { status, stderr, report } = faults('stores', '--rounds', '1', '--only', 'other,away');
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(report).toMatchObject({ stuck: 0, broken: [], refused: 1, away: 1 });
});

test('API, workers, Postgres and Redis die under ratings, bulk requests and jobs; what was accepted is there, once', { timeout: 600_000 }, () => {
  const { status, stderr, report } = faults('mixed', '--rounds', '4');
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(report).toMatchObject({ lost: 0, doubled: 0, stuck: 0 });
});

test.each(['start', 'worker', 'quickstart', 'loop:demo', 'ingest', 'import-policy', 'export-model', 'doctor', 'bench', 'faults', 'check', 'test'])(
  '`npm run %s -- --help` prints how it is used and ends with 0',
  (command) => {
    const { status, stdout } = spawnSync(process.execPath, ['scripts/bootstrap.mjs', command, '--help'], { encoding: 'utf8' });
    expect(stdout).toMatch(new RegExp(`^usage: npm run ${command}`));
    expect(status).toBe(0);
  },
);
