// npm run faults -- leases: processes of labelers claim and answer 100,000 tasks over HTTP; processes are killed with
// leases in their hands, leases run out, labelers skip and give back. Afterwards every slot must have one result, no
// task may have been leased twice at a time, and claims must have stayed fast.
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { quantile } from '../../bench/statistics.js';
import { makeMaterial } from '../../bench/system/rated-completions.js';
import { getJson, postJson } from '../../bench/system/json-requests.js';
import { withSystem, type TemporarySystem } from '../../scripts/system/temporary-system.js';
import type { Drill, FaultReport } from './fault.js';
import { ClaimersProcess } from './leases/claimers-process.js';
import { inspect } from './leases/inspect.js';
import { unprovenBy } from './report.js';
import type { ClaimersReport, ClaimersTask } from './leases/messages.js';

const defaultTasks = 100_000;
const size = { perPrompt: 10, labelers: 50, words: 20 };
const overlap = 4;
const processes = 5;
/** Of all labelers together; a saturated machine would measure its queues and not the claims. */
const requestsPerSecond = 300;
const claimed = { k: 10, ttlSeconds: 5 };
const claimP99BelowMs = 50;
/** Without any progress. */
const patienceMs = 60_000;

export function leases({ rounds, tasks: wanted = defaultTasks, notes }: Drill): Promise<FaultReport> {
  const prompts = Math.ceil(wanted / (size.perPrompt * overlap));
  const tasks = prompts * size.perPrompt * overlap;
  return withSystem({ workers: 0 }, async (system) => {
    const database = new Client({ connectionString: system.databaseUrl });
    await database.connect();
    try {
      const batchId = await makeBatch(system, database, prompts);
      notes(`${tasks} tasks, ${size.labelers} labelers in ${processes} processes, ${rounds} kills`);
      return await drill({ system, database, batchId, tasks, rounds, notes });
    } finally {
      await database.end();
    }
  });
}

async function makeBatch({ client }: TemporarySystem, database: Client, prompts: number): Promise<string> {
  const material = await makeMaterial(database, client, { ...size, prompts });
  const { rows } = await database.query<{ id: string }>(
    `WITH made AS (INSERT INTO prompt_sets (id, name, prompt_count) VALUES (uuidv7(), 'drill', $1) RETURNING id),
     members AS (INSERT INTO prompt_set_members (prompt_set_id, position, prompt_id)
                 SELECT made.id, row_number() OVER () - 1, p.id FROM made, prompts p)
     SELECT id FROM made`,
    [prompts],
  );
  const body = { name: 'drill', mode: 'rate', criterionVersionId: material.criterionVersionId, promptSetId: rows[0].id, overlap };
  return (await postJson<{ id: string }>(client, '/v1/labeling-batches', body)).id;
}

interface Setting extends Drill {
  system: TemporarySystem;
  database: Client;
  batchId: string;
  tasks: number;
}

async function drill({ system, database, batchId, tasks, rounds, notes }: Setting): Promise<FaultReport> {
  const seen = { claimMs: [] as number[], submitMs: [] as number[], claimed: [] as string[], accepted: [] as string[], late: 0, forgotten: 0, unexpected: [] as string[] };
  const take = (report: ClaimersReport) => {
    for (const name of ['claimMs', 'submitMs'] as const) seen[name].push(...report[name]);
    for (const name of ['claimed', 'accepted', 'unexpected'] as const) seen[name].push(...report[name]);
    seen.late += report.late;
    seen.forgotten += report.forgotten;
  };
  const task = (labelers: string[], start: number): ClaimersTask => ({
    url: system.url,
    adminKey: system.adminKey,
    batchId,
    labelers,
    ...claimed,
    pauseMs: (1000 * size.labelers) / requestsPerSecond,
    seed: `drill/${start}`,
  });
  const perProcess = size.labelers / processes;
  const groups = Array.from({ length: processes }, (_, g) => Array.from({ length: perProcess }, (_, l) => `bench-labeler-${g * perProcess + l}`));
  const failed = (why: string) => seen.unexpected.push(why);
  const waiting = Array.from({ length: processes + rounds }, () => new ClaimersProcess(take, failed));
  const start = async (group: number, times: number): Promise<ClaimersProcess> => {
    const claimers = waiting.shift()!;
    await claimers.work(task(groups[group], times));
    return claimers;
  };
  const running = await Promise.all(groups.map((_, group) => start(group, 0)));
  const started = performance.now();
  let kills = 0;
  let stuckSince = Date.now();
  let before = -1;
  while (running.some((claimers) => claimers.alive)) {
    await sleep(100);
    if (seen.accepted.length !== before) stuckSince = Date.now();
    else if (Date.now() - stuckSince > patienceMs) break;
    before = seen.accepted.length;
    if (kills < rounds && seen.accepted.length >= ((kills + 1) * tasks) / (rounds + 1)) {
      const victim = kills % processes;
      await running[victim].kill();
      kills++;
      running[victim] = await start(victim, kills);
      notes(`killed one of ${processes} after ${seen.accepted.length} answers`);
    }
  }
  const seconds = (performance.now() - started) / 1000;
  for (const claimers of [...running, ...waiting]) await claimers.kill();
  await sleep(2000);
  const { state } = await getJson<{ state: string }>(system.client, `/v1/labeling-batches/${batchId}`);
  const found = await inspect(database, batchId, seen);
  if (seen.claimMs.length === 0) throw new Error(`no claim was answered: ${seen.unexpected.join('; ')}`);
  const claimP99Ms = quantile(seen.claimMs, 0.99);
  return {
    rounds,
    ...found,
    hashesEqual: null,
    slow: claimP99Ms < claimP99BelowMs ? [] : [`claims took ${claimP99Ms.toFixed(1)} ms at p99, the limit is ${claimP99BelowMs}`],
    unproven: unprovenBy('leases', { rounds, kills }),
    tasks,
    claimers: size.labelers,
    kills,
    batchState: state,
    seconds,
    claims: seen.claimMs.length,
    claimP50Ms: quantile(seen.claimMs, 0.5),
    claimP99Ms,
    claimMaxMs: seen.claimMs.reduce((most, ms) => Math.max(most, ms), 0),
    submits: seen.submitMs.length,
    submitP50Ms: quantile(seen.submitMs, 0.5),
    submitP99Ms: quantile(seen.submitMs, 0.99),
    lateAnswersRefused: seen.late,
    leasesForgotten: seen.forgotten,
    unexpected: seen.unexpected.slice(0, 20),
  };
}
