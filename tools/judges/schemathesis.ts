import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { environment } from '#src/config/environment.js';
import { pythonPrograms, run } from './equipment.js';
import type { Bench } from './main.js';

interface Allowed {
  /** As Schemathesis says it, such as `Wrong response to undeclared method`. */
  title: string;
  /** Expression on `METHOD /path`; without one, any. */
  operation?: string;
  reason: string;
}

interface Report {
  stop_reason: string;
  running_time: number;
  operations: { total: number; tested: number; errored: number } | null;
  test_cases: { generated: number };
  failures: { title: string; count: number; operations: string[] }[];
  errors: { title: string; count: number }[];
}

/** Requests that Schemathesis makes from the document, right ones and wrong ones, for some minutes. */
export async function judgeBySchemathesis({ url, adminKey, minutes }: Bench): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-judge-'));
  const file = join(dir, 'report.json');
  const args = [
    'run', resolve('openapi.json'), '--url', url, '--header', `Authorization: Bearer ${adminKey}`,
    '--max-time', String(Math.round(minutes * 60)), '--continue-on-failure', '--no-shrink', '--seed', '1', '--workers', '2', '--request-timeout', '60',
    // A stream that ends with its job.
    '--exclude-operation-id', 'jobs_streamEvents',
    '--suppress-health-check', 'all', '--report-json-path', file, '--no-color',
  ];
  const env = environment({ SCHEMATHESIS_HOOKS: resolve('tools/judges/schemathesis_hooks.py'), PYTHONPATH: resolve('tools/judges') });
  const { stdout, said } = await run(join(await pythonPrograms('schemathesis'), 'schemathesis'), args, { cwd: dir, env });
  if (!existsSync(file)) return [`no report: ${said.split('\n').slice(-10).join('\n')}`];
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  const log = join(dir, 'schemathesis.log');
  writeFileSync(log, stdout);
  console.log(`${report.test_cases.generated} requests to ${report.operations?.tested} of ${report.operations?.total} operations in ${Math.round(report.running_time)} s`);
  const allowed = JSON.parse(readFileSync('tools/judges/schemathesis-allowed.json', 'utf8')) as Allowed[];
  const found = report.failures.flatMap(({ title, operations }) => operations.map((operation) => ({ title, operation })));
  const faults = found.filter((failure) => !allowed.some((entry) => covers(entry, failure)));
  console.log(`${found.length} kinds of failure by operation, ${found.length - faults.length} of them allowed`);
  const lines = [...faults.map(({ title, operation }) => `${operation}: ${title}`), ...report.errors.map(({ title, count }) => `error, ${count} times: ${title}`)];
  if (lines.length > 0) return [...lines, `each with its request: ${log}`];
  rmSync(dir, { recursive: true });
  return [];
}

function covers(entry: Allowed, { title, operation }: { title: string; operation: string }): boolean {
  return entry.title === title && new RegExp(entry.operation ?? '').test(operation);
}
