// One client listens, also after its connection broke in the worst moment.
import { connect as dial, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readConfig } from '#src/config/config.js';
import { channels, JobSignals } from '#src/jobs/job-signals.js';
import { connect } from '../factories/ratings.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const listeners = async () => {
  const client = await connect(database.url);
  const { rows } = await client.query(`SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'plumbline-signals'`);
  await client.end();
  return rows as { pid: number }[];
};
const terminate = async () => {
  const client = await connect(database.url);
  await client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'plumbline-signals'`);
  await client.end();
};

test('a connection that breaks while it begins to listen, or later, is followed by one other', async () => {
  const target = new URL(database.url);
  const sockets: Socket[] = [];
  let refused = 0;
  // A proxy that breaks the first connections in the middle of their LISTEN: the client hears of it as an event and as a rejection.
  const proxy = createServer((socket) => {
    const server = dial(Number(target.port), target.hostname);
    for (const end of [socket, server]) sockets.push(end.on('error', () => undefined));
    socket.on('data', (chunk: Buffer) => {
      if (refused < 2 && chunk.includes('LISTEN')) {
        refused++;
        socket.resetAndDestroy();
        server.destroy();
      } else server.write(chunk);
    });
    server.pipe(socket);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => proxy.once('listening', resolve));
  const url = new URL(database.url);
  [url.hostname, url.port] = ['127.0.0.1', String((proxy.address() as { port: number }).port)];
  const signals = new JobSignals(readConfig({ DATABASE_URL: url.href }));
  try {
    await signals.onModuleInit();
    // Those that broke are seen for a moment.
    const stays = async (): Promise<{ pid: number }> => {
      const [first] = await listeners();
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(await listeners()).toEqual([first]);
      expect(refused).toBe(2);
      return first;
    };
    const before = await vi.waitFor(stays, { timeout: 25_000, interval: 200 });
    await terminate();
    await vi.waitFor(async () => expect((await listeners()).map(({ pid }) => pid)).not.toEqual([before.pid]), { timeout: 25_000, interval: 200 });
    // A second one would have come by the same moment.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await listeners()).toHaveLength(1);
    const heard = new Promise<void>((resolve) => signals.onAnyJob(resolve));
    const client = await connect(database.url);
    await client.query(`SELECT pg_notify('${channels.job}', 'x')`);
    await client.end();
    await heard;
  } finally {
    await signals.onModuleDestroy();
    for (const socket of sockets) socket.destroy();
    proxy.close();
  }
  expect(refused).toBe(2);
}, 60_000);
