// Thread of `LeaseKeeper`: renews the leases that the process holds and its row among the workers, on a connection of its own, for
// as long as the process's pulse shows that it is alive.
import { parentPort, workerData } from 'node:worker_threads';
import { Client } from 'pg';
import { Pulse } from '#src/common/pulse.js';
import type { WorkerCapabilities } from './worker.entity.js';

export interface KeeperData {
  databaseUrl: string;
  leaseSeconds: number;
  /** Of the process's pulse. */
  memory: SharedArrayBuffer;
  worker: { id: string; host: string; pid: number; queues: readonly string[]; capabilities: WorkerCapabilities };
}

export type KeeperMessage = { type: 'hold' | 'let go'; jobId: string; leaseOwner: string } | { type: 'end' };

const { databaseUrl, leaseSeconds, memory, worker } = workerData as KeeperData;
const pulse = new Pulse(memory);
const leaseMs = leaseSeconds * 1000;
/** Ids of jobs, by the owner of the lease. */
const held = new Map<string, string>();
let client: Client | undefined;
let ended = false;
let turn: Promise<void> = Promise.resolve();
let waiting = 0;

parentPort!.on('message', (message: KeeperMessage) => {
  if (message.type === 'hold') held.set(message.leaseOwner, message.jobId);
  else if (message.type === 'let go') held.delete(message.leaseOwner);
  else void end();
});

const timer = setInterval(next, leaseMs / 3);
next();

function next(): void {
  if (ended || waiting > 0 || !pulse.lives(leaseMs)) return;
  waiting++;
  turn = turn
    .then(renew)
    // The next turn connects anew; until then leases have two thirds of their time left.
    .catch(() => disconnect())
    .finally(() => waiting--);
}

async function renew(): Promise<void> {
  client ??= await connect();
  await announce(client);
  if (held.size === 0) return;
  // One statement, so that a lost or released lease is never renewed.
  const { rows } = await client.query<{ owner: string }>(
    `UPDATE jobs SET lease_expires_at = now() + make_interval(secs => $3)
     FROM unnest($1::uuid[], $2::text[]) AS h (id, owner)
     WHERE jobs.id = h.id AND jobs.lease_owner = h.owner RETURNING h.owner`,
    [[...held.values()], [...held.keys()], leaseSeconds],
  );
  const ours = new Set(rows.map(({ owner }) => owner));
  for (const owner of held.keys()) if (!ours.has(owner)) held.delete(owner);
}

async function announce(client: Client): Promise<void> {
  const { id, host, pid, queues, capabilities } = worker;
  await client.query(
    `INSERT INTO workers (id, host, pid, queues, capabilities, expires_at)
     VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))
     ON CONFLICT (id) DO UPDATE SET last_seen_at = now(), expires_at = excluded.expires_at`,
    [id, host, pid, queues, capabilities, leaseSeconds],
  );
  // Rows of killed processes, kept long enough to be looked at.
  await client.query("DELETE FROM workers WHERE expires_at < now() - interval '1 day'");
}

async function end(): Promise<void> {
  ended = true;
  clearInterval(timer);
  await turn;
  await client?.query('DELETE FROM workers WHERE id = $1', [worker.id]).catch(() => undefined);
  disconnect();
  parentPort!.close();
}

async function connect(): Promise<Client> {
  const fresh = new Client({
    connectionString: databaseUrl,
    application_name: 'plumbline-leases',
    connectionTimeoutMillis: leaseMs,
    query_timeout: leaseMs,
    keepAlive: true,
  });
  fresh.on('error', disconnect);
  await fresh.connect();
  return fresh;
}

function disconnect(): void {
  void client?.end().catch(() => undefined);
  client = undefined;
}
