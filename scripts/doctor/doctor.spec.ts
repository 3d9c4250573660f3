import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, inject, test } from 'vitest';
import { freePort } from '#src/database/embedded-postgres.js';
import { providerFinding } from './compute.js';
import { coresFinding, diskFinding, memoryFinding, nodeFinding } from './machine.js';
import { asJson, asText, healthy, type Finding } from './report.js';
import { databaseFinding, redisFinding } from './services.js';

const dir = mkdtempSync(join(tmpdir(), 'plumbline-doctor-'));
afterAll(() => rmSync(dir, { recursive: true }));

test('knows the oldest Node that will do', () => {
  expect(nodeFinding('20.19.0').status).toBe('ok');
  expect(nodeFinding('24.1.0').status).toBe('ok');
  expect(nodeFinding('20.18.3')).toMatchObject({ status: 'failed', detail: expect.stringContaining('needs 20.19') as string });
});

test('warns of more threads than cores, and of little memory under a limit', () => {
  expect(coresFinding(0, 2)).toMatchObject({ status: 'ok', detail: expect.stringContaining('one thread per core') as string });
  expect(coresFinding(4, 2).status).toBe('warning');
  const GiB = 2 ** 30;
  expect(memoryFinding(16 * GiB, 8 * GiB, 1 * GiB)).toEqual({ name: 'memory', status: 'warning', detail: '16.0 GiB, 8.0 GiB free; this process is limited to 1.0 GiB' });
  expect(memoryFinding(16 * GiB, 8 * GiB, Number.MAX_SAFE_INTEGER).detail).toContain('no limit');
});

test('looks at the disk of a folder that is not there yet', () => {
  expect(diskFinding(join(dir, 'a/b'))).toMatchObject({ name: 'disk', detail: expect.stringMatching(/GiB free in .*a.b$/) as string });
});

test('reaches a database that is there, and says why it does not reach another', async () => {
  expect(await databaseFinding(inject('postgresUrl').replace(/\/plumbline$/, '/postgres'))).toMatchObject({ status: 'ok', detail: expect.stringMatching(/^Postgres \d+/) as string });
  const refused = await databaseFinding(`postgres://u:secret@127.0.0.1:${await freePort()}/x`);
  expect(refused).toMatchObject({ status: 'failed', detail: expect.stringContaining('ECONNREFUSED') as string });
  expect(refused.detail).not.toContain('secret');
  expect(await databaseFinding(undefined)).toMatchObject({ status: 'ok', detail: expect.stringContaining('PostgreSQL') as string });
});

test('speaks to Redis, or tells that nobody listens', async () => {
  expect((await redisFinding(undefined)).status).toBe('absent');
  expect(await redisFinding(`redis://127.0.0.1:${await freePort()}`)).toMatchObject({ status: 'failed', detail: expect.stringContaining('ECONNREFUSED') as string });
  // Just enough of a server to be asked for its version: one answer to each command, however many come at once.
  const answer = '$21\r\nredis_version:7.9.1\r\n\r\n';
  const server = createServer((socket) => socket.on('data', (data) => socket.write(answer.repeat(data.toString().split('*').length - 1)))).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  expect(await redisFinding(`redis://127.0.0.1:${port}`)).toMatchObject({ status: 'ok', detail: expect.stringContaining('7.9.1') as string });
  server.close();
});

test('a provider that ends the process that tries it fails only where it is configured', async () => {
  const probe = join(dir, 'probe.js');
  writeFileSync(probe, `process.argv[2] === 'cpu' ? console.log('{"error":1e-7,"flops":42e9}') : process.abort()`);
  expect(await providerFinding('cpu', 'cpu', 1, probe)).toMatchObject({ status: 'ok', gflops: 42 });
  expect(await providerFinding('webgpu', 'cpu', 1, probe)).toMatchObject({ status: 'absent', detail: expect.stringContaining('SIGABRT') as string });
  const chosen = await providerFinding('cuda', 'cuda', 1, probe);
  expect(chosen).toMatchObject({ status: 'failed', detail: expect.stringContaining('npm run gpu:install') as string });
});

test('only what failed makes it ill', () => {
  const findings: Finding[] = (['ok', 'warning', 'absent'] as const).map((status) => ({ name: status, status, detail: 'x' }));
  expect(healthy(findings)).toBe(true);
  expect(asText(findings)).toContain('everything configured works');
  const ill = [...findings, { name: 'redis', status: 'failed' as const, detail: 'gone' }];
  expect(JSON.parse(asJson(ill))).toEqual({ ok: false, findings: ill });
  expect(asText(ill)).toMatch(/redis\s+FAILED\s+gone[^]*does not work: redis$/);
});
