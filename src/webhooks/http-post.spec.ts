import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { checkAddress, type Resolver } from '#src/common/network-address.js';
import { post } from './http-post.js';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

let seen = 0;
async function serve(listener: RequestListener): Promise<number> {
  seen = 0;
  const server = createServer((request, response) => {
    seen++;
    listener(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
const open = { allowPrivate: true, timeoutMs: 2_000 };
const closed = { allowPrivate: false, timeoutMs: 2_000 };
const at = (port: number, host = '127.0.0.1') => new URL(`http://${host}:${port}/hook`);

test('posts the bytes, tells status, latency and the beginning of the answer', async () => {
  let body = '';
  const port = await serve((request, response) => {
    request.on('data', (chunk) => (body += chunk)).on('end', () => response.writeHead(202).end(`thanks\0${'x'.repeat(100_000)}`));
  });
  const result = await post(at(port), { 'content-type': 'application/json' }, '{"a":"é"}', open);
  expect(body).toBe('{"a":"é"}');
  expect(result).toMatchObject({ status: 202, error: null, latencyMs: expect.any(Number) });
  expect(result.response).toHaveLength(1024);
  expect(result.response).toMatch(/^thanks\ufffdx+$/);
});

test('private addresses are refused before a connection, however they are written', async () => {
  const port = await serve((_, response) => response.end());
  for (const host of ['127.0.0.1', '[::ffff:127.0.0.1]', 'localhost', '2130706433']) {
    expect(await post(at(port, host), {}, '', closed)).toMatchObject({ status: null, error: 'address_refused' });
  }
  expect(seen).toBe(0);
});

test('a name that answers otherwise the second time reaches nobody (DNS rebinding)', async () => {
  const port = await serve((_, response) => response.end());
  const answers = ['93.184.216.34', '127.0.0.1'];
  const flipping: Resolver = (_, __, callback) => callback(null, [{ address: answers.shift()!, family: 4 }]);
  const url = at(port, 'rebinding.example');
  await expect(checkAddress(url, false, flipping)).resolves.toBeUndefined();
  expect(await post(url, {}, '', { ...closed, resolver: flipping })).toMatchObject({ status: null, error: 'address_refused' });
  expect([seen, answers]).toEqual([0, []]);
});

test('one private address among public ones refuses the name', async () => {
  const mixed: Resolver = (_, __, callback) =>
    callback(null, [{ address: '93.184.216.34', family: 4 }, { address: '10.0.0.1', family: 4 }]);
  expect(await post(at(80, 'mixed.example'), {}, '', { ...closed, resolver: mixed })).toMatchObject({ error: 'address_refused' });
});

test('redirects are answers, not ways', async () => {
  const port = await serve((_, response) => response.writeHead(307, { location: '/elsewhere' }).end());
  expect(await post(at(port), {}, '', open)).toMatchObject({ status: 307, error: null });
  expect(seen).toBe(1);
});

test('silence, a closed port and an unknown name are told apart', async () => {
  const port = await serve(() => undefined);
  expect(await post(at(port), {}, '', { ...open, timeoutMs: 50 })).toMatchObject({ status: null, error: 'timeout' });
  const [server] = servers.splice(0);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  expect(await post(at(port), {}, '', open)).toMatchObject({ error: 'connection_failed: ECONNREFUSED' });
  const lost: Resolver = (_, __, callback) => callback(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []);
  expect(await post(at(80, 'lost.example'), {}, '', { ...open, resolver: lost })).toMatchObject({ error: 'connection_failed: ENOTFOUND' });
});

test('an answer that begins and never ends counts as what it began with', async () => {
  const port = await serve((_, response) => response.writeHead(200).write('begun'));
  expect(await post(at(port), {}, '', { ...open, timeoutMs: 100 })).toMatchObject({ status: 200, response: 'begun' });
});

test('a worker that computed past the deadline still takes the answer that waits', async () => {
  const port = await serve((_, response) => response.end('there'));
  const sending = post(at(port), {}, '', { ...open, timeoutMs: 100 });
  await new Promise((resolve) => setTimeout(resolve, 20));
  const until = Date.now() + 300;
  while (Date.now() < until);
  expect(await sending).toMatchObject({ status: 200 });
});
