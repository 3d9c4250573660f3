// npm run faults -- mixed: API, worker, Postgres and Redis are killed at random while ratings, bulk requests, claims, jobs
// and webhooks go on. Clients repeat what was not answered, under the same Idempotency-Key. Afterwards everything that was
// accepted must be there, once, and every job must have ended.
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { Rng } from '#src/common/rng.js';
import { Plumbline } from '#sdk/client.js';
import { getJson, postJson } from '../../bench/system/json-requests.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';
import type { Drill, FaultReport } from './fault.js';
import { Courier } from './mixed/courier.js';
import { drained, inspect } from './mixed/inspect.js';
import { hasRedis, KillableSystem, type Part } from './mixed/killable-system.js';
import { Load, type Target } from './mixed/load.js';
import { unprovenBy } from './report.js';
import { makeMaterial } from './resume/material.js';

/** Without any job that moves. */
const patienceMs = 120_000;
const labelers = ['mixed-a', 'mixed-b', 'mixed-c'];

export async function mixed({ rounds, notes }: Drill): Promise<FaultReport> {
  const redis = hasRedis();
  if (!redis) notes('there is no redis-server on PATH: Postgres carries the queue, and no Redis is killed');
  const system = await KillableSystem.start({ redis, workers: 2 });
  const receiver = await WebhookReceiver.start();
  try {
    const report = await drill(system, receiver, rounds, notes);
    await system.stop();
    if (report.lost === 0 && report.doubled === 0 && report.stuck === 0) system.remove();
    else process.stderr.write(`plumbline: the log of the system under test is ${system.logFile}\n`);
    return report;
  } catch (error) {
    process.stderr.write(`plumbline: the log of the system under test is ${system.logFile}\n`);
    await system.stop().catch(() => undefined);
    throw error;
  } finally {
    await receiver.close();
  }
}

async function drill(system: KillableSystem, receiver: WebhookReceiver, rounds: number, notes: (line: string) => void): Promise<FaultReport> {
  const client = new Plumbline({ baseUrl: system.url, apiKey: system.adminKey });
  await postJson(client, '/v1/webhook-endpoints', { url: receiver.url(), eventTypes: ['job.succeeded'] });
  const target = await prepare(client);
  const run = `mixed-${Date.now()}`;
  const courier = new Courier(system.url, system.adminKey);
  const load = new Load(courier, target, run);
  const rng = Rng.from('mixed');
  const kills: Record<Part, number> = { api: 0, worker: 0, postgres: 0, redis: 0 };
  const started = performance.now();
  for (let round = 0; round < rounds; round++) {
    await sleep(500 + rng.int(2_000));
    // Now and then two at once: a host that loses power.
    const victims = new Set([0, 1].slice(rng.int(4) === 0 ? 0 : 1).map(() => system.killable[rng.int(system.killable.length)]));
    for (const part of victims) {
      await system.kill(part, (count) => rng.int(count));
      kills[part]++;
    }
    await sleep(rng.int(1_500));
    // A database that is away is what the others wait for, so that it comes first.
    for (const part of system.killable.filter((one) => victims.has(one)).reverse()) await system.restart(part);
    notes(`${round + 1} of ${rounds}: ${[...victims].join(' and ')} killed; ${load.accepted.ratings.length} ratings, ${load.accepted.answered.length} tasks, ${load.accepted.pairSets.length + load.accepted.completionBatches.length} jobs accepted`);
  }
  await load.end();
  const seconds = (performance.now() - started) / 1000;
  const database = new Client({ connectionString: system.databaseUrl });
  await database.connect();
  try {
    await drained(database, patienceMs);
    const delivered = await webhooksOf(receiver, database);
    const found = await inspect(database, client, run, target, load.accepted, delivered);
    for (const line of [...found.wrong, ...courier.refused]) notes(line);
    const killed = Object.values(kills).reduce((sum, n) => sum + n, 0);
    const { ratings, sentRatings, answered, pairSets, completionBatches } = load.accepted;
    return {
      rounds,
      ...found,
      hashesEqual: null,
      slow: [...(found.stale > 0 ? [`${found.stale} answers of the API were stale`] : []), ...courier.refused.slice(0, 20).map((line) => `refused: ${line}`)],
      unproven: unprovenBy('mixed', { rounds, kills: killed }),
      seconds,
      kills,
      ratings: ratings.length,
      sentRatings,
      tasksAnswered: answered.length,
      pairSets: pairSets.length,
      completionBatches: completionBatches.length,
      requestsRepeated: courier.repeated,
      webhooks: receiver.received.length,
    };
  } finally {
    courier.close();
    await database.end();
  }
}

async function prepare(client: Plumbline): Promise<Target> {
  const { policyVersionId, promptSetId } = await makeMaterial(client);
  const { data: criteria } = await getJson<{ data: { id: string }[] }>(client, '/v1/criteria?name=brevity');
  const { data: versions } = await getJson<{ data: { id: string }[] }>(client, `/v1/criteria/${criteria[0].id}/versions`);
  const { data: completions } = await getJson<{ data: { id: string; promptId: string }[] }>(client, '/v1/completions?limit=500');
  for (const externalId of labelers) await postJson(client, '/v1/labelers', { externalId, simulated: true });
  const criterionVersionId = versions[0].id;
  const body = { name: 'mixed', mode: 'rate', criterionVersionId, promptSetId, overlap: 2 };
  const { id: labelingBatchId } = await postJson<{ id: string }>(client, '/v1/labeling-batches', body);
  const prompts = new Set(completions.map(({ promptId }) => promptId)).size;
  return { policyVersionId, promptSetId, prompts, criterionVersionId, labelingBatchId, completionIds: completions.map(({ id }) => id), labelers };
}

/** Ids of jobs whose webhook came; waits as long as new ones come. */
async function webhooksOf(receiver: WebhookReceiver, database: Client): Promise<Set<string>> {
  for (let since = Date.now(), before = -1; Date.now() - since < patienceMs; await sleep(1_000)) {
    const { rows } = await database.query<{ open: number }>(`SELECT count(*)::int AS open FROM webhook_deliveries WHERE state = 'pending'`);
    if (rows[0].open === 0 && receiver.received.length === before) break;
    if (receiver.received.length !== before) since = Date.now();
    before = receiver.received.length;
  }
  return new Set(receiver.received.map(({ body }) => (JSON.parse(body) as { data: { jobId: string } }).data.jobId));
}
