// Thread of `LeaseKeeper`: renews the leases that the process holds, on a connection of its own, for as long as the
// process's pulse says that it lives.
import { parentPort, workerData } from 'node:worker_threads';
import { Client } from 'pg';
import { Pulse } from '#src/common/pulse.js';

export interface KeeperData {
  databaseUrl: string;
  leaseSeconds: number;
  /** Of the process's pulse. */
  memory: SharedArrayBuffer;
}

export interface KeeperMessage {
  jobId: string;
  leaseOwner: string;
  held: boolean;
}

const { databaseUrl, leaseSeconds, memory } = workerData as KeeperData;
const pulse = new Pulse(memory);
const leaseMs = leaseSeconds * 1000;
/** Ids of jobs, by the owner of the lease. */
const held = new Map<string, string>();
let client: Client | undefined;
let busy = false;

parentPort!.on('message', ({ jobId, leaseOwner, held: taken }: KeeperMessage) => {
  if (taken) held.set(leaseOwner, jobId);
  else held.delete(leaseOwner);
});

setInterval(() => {
  if (busy || held.size === 0 || !pulse.lives(leaseMs)) return;
  busy = true;
  renew()
    // The next turn connects anew; until then the lease has two thirds of its time left.
    .catch(() => disconnect())
    .finally(() => (busy = false));
}, leaseMs / 3);

async function renew(): Promise<void> {
  client ??= await connect();
  // One statement, so that a lease that was lost, or given back meanwhile, is never taken again.
  const { rows } = await client.query<{ owner: string }>(
    `UPDATE jobs SET lease_expires_at = now() + make_interval(secs => $3)
     FROM unnest($1::uuid[], $2::text[]) AS h (id, owner)
     WHERE jobs.id = h.id AND jobs.lease_owner = h.owner RETURNING h.owner`,
    [[...held.values()], [...held.keys()], leaseSeconds],
  );
  const ours = new Set(rows.map(({ owner }) => owner));
  for (const owner of held.keys()) if (!ours.has(owner)) held.delete(owner);
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
