import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { installCuda } from './install.js';

const made: string[] = [];
afterEach(() => made.splice(0).forEach((dir) => rmSync(dir, { recursive: true })));

/** A package folder whose installer is the given script. */
function packageWith(script: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-gpu-'));
  made.push(dir);
  for (const folder of ['script', 'bin/napi-v6/linux/x64']) mkdirSync(join(dir, folder), { recursive: true });
  writeFileSync(join(dir, 'script/install.js'), script);
  return dir;
}

const writes = `
  const { writeFileSync } = require('node:fs');
  if (!process.argv.includes('--onnxruntime-node-install')) process.exit(0);
  for (const name of ['cuda', 'shared']) writeFileSync(__dirname + '/../bin/napi-v6/linux/x64/libonnxruntime_providers_' + name + '.so', 'x'.repeat(2 ** 21));
`;

test('tells what was installed, and what was there already', () => {
  const dir = packageWith(writes);
  const first = installCuda(dir, 'linux-x64');
  expect(first.ok).toBe(true);
  expect(first.lines).toContain('installed: libonnxruntime_providers_cuda.so, 2 MiB');
  expect(installCuda(dir, 'linux-x64').lines).toContain('there already: libonnxruntime_providers_shared.so, 2 MiB');
});

test('fails without the network, with the reason', () => {
  const { ok, lines } = installCuda(packageWith(`throw new Error('getaddrinfo ENOTFOUND api.nuget.org')`), 'linux-x64');
  expect(ok).toBe(false);
  expect(lines[0]).toMatch(/^the CUDA files could not be fetched: .*ENOTFOUND api\.nuget\.org/);
});

test('an installer that ends well without the files has failed', () => {
  expect(installCuda(packageWith('process.exit(0)'), 'linux-x64').ok).toBe(false);
});

test('other platforms have no CUDA files', () => {
  expect(installCuda(packageWith(writes), 'darwin-arm64')).toMatchObject({ ok: false, lines: [expect.stringContaining('darwin-arm64')] });
});
