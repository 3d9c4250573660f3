// A long run does not grow: 1,000 training steps whose sessions are built and dropped, with generation and new weights
// in between, in a process of their own.
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allocatorEnv } from '#src/process/allocator.js';
import type { SoakRequest, SoakResult } from '../../scripts/bench/memory/soak.js';
import { transpile } from '../support/transpile.js';

let compiled: string;
beforeAll(() => (compiled = transpile(['src/common', 'src/nn', 'src/lm', 'scripts/bench/memory'])));
afterAll(() => rmSync(compiled, { recursive: true, force: true }));

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

test('1,000 training steps of varying shapes, with generation, take no more and more memory', { timeout: 240_000 }, async () => {
  const request: SoakRequest = { steps: 1000, threads: 1, arena: false, spinning: false };
  // V8 lets its young generation grow to 48 MiB over time, which would hide a leak of ours behind its noise.
  const flags = ['--max-semi-space-size=2'];
  const env = { ...process.env, ...allocatorEnv({}) };
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, join(compiled, 'scripts/bench/memory/soak.js'), JSON.stringify(request)], { env });
  const { residentMiB, every, sessionsBuilt, generatedTokens, firstLoss, lastLoss } = JSON.parse(stdout) as SoakResult;
  const between = (from: number, to: number): number => mean(residentMiB.slice(from / every, to / every));
  const [early, late] = [between(200, 400), between(800, 1000)];
  if (process.env.SHOW_GAPS) console.log({ early, late, sessionsBuilt, generatedTokens });
  expect(late).toBeLessThan(early * 1.1);
  // The run was what it says.
  expect(residentMiB).toHaveLength(100);
  expect(sessionsBuilt).toBeGreaterThan(10);
  expect(generatedTokens).toBeGreaterThan(1000);
  expect(lastLoss).toBeLessThan(firstLoss / 4);
});
