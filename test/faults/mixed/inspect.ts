// What the tables, the API and the receiver of webhooks say when everything runs again.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Plumbline } from '#sdk/client.js';
import { getJson } from '../../../bench/system/json-requests.js';
import type { FaultReport } from '../fault.js';
import { inspect as inspectLabeling } from '../leases/inspect.js';
import { completionsOfBatch, type Accepted, type Target } from './load.js';

export interface Found extends Pick<FaultReport, 'lost' | 'doubled' | 'stuck'> {
  /** Answers of the API that differ from the rows. */
  stale: number;
  /** One line for each thing that is wrong. */
  wrong: string[];
  jobs: number;
}

/** Waits until no job is queued or running; false when nothing moved for so long. */
export async function drained(database: Client, patienceMs: number): Promise<boolean> {
  let before = '';
  for (let since = Date.now(); Date.now() - since < patienceMs; await sleep(500)) {
    const { rows } = await database.query<{ state: string; version: string; open: number }>(
      `SELECT string_agg(state || version, ',' ORDER BY id) AS version, count(*)::int AS open FROM jobs
       WHERE state NOT IN ('succeeded', 'failed', 'cancelled')`,
    );
    if (rows[0].open === 0) return true;
    if (rows[0].version !== before) since = Date.now();
    before = rows[0].version;
  }
  return false;
}

export async function inspect(database: Client, client: Plumbline, run: string, target: Target, accepted: Accepted, delivered: ReadonlySet<string>): Promise<Found> {
  const wrong: string[] = [];
  const tally = { lost: 0, doubled: 0, stuck: 0, stale: 0 };
  const note = (kind: keyof typeof tally, count: number, what: string): void => {
    tally[kind] += count;
    if (count > 0) wrong.push(`${count} ${kind}: ${what}`);
  };
  const list = async <T>(sql: string, ...values: unknown[]): Promise<T[]> => (await database.query(sql, values)).rows as T[];

  const marks = new Map((await list<{ rationale: string; n: number }>(`SELECT rationale, count(*)::int AS n FROM ratings WHERE rationale LIKE $1 GROUP BY 1`, `${run}/%`)).map(({ rationale, n }) => [rationale, n]));
  note('lost', accepted.ratings.filter((mark) => !marks.has(mark)).length, 'ratings that were accepted');
  note('doubled', [...marks.values()].filter((n) => n > 1).length, 'ratings that were sent once');

  const labeled = await inspectLabeling(database, target.labelingBatchId, { claimed: accepted.claimed, accepted: accepted.answered });
  note('lost', labeled.lost, 'answers of labelers, or slots of a batch');
  note('doubled', labeled.doubled, 'leases or results of a labeling task');

  const started = [...accepted.pairSets, ...accepted.completionBatches];
  const jobs = new Map((await list<{ id: string; state: string; type: string; error: unknown }>(`SELECT id, state, type, error FROM jobs`)).map((job) => [job.id, job]));
  note('lost', started.filter(({ jobId }) => !jobs.has(jobId)).length, 'jobs that were accepted');
  for (const job of jobs.values()) {
    if (job.state === 'failed') note('lost', 1, `job of type ${job.type} failed: ${JSON.stringify(job.error)}`);
    else if (job.state !== 'succeeded') note('stuck', 1, `job of type ${job.type} is ${job.state}`);
  }
  const twice = async (sql: string) => (await list<{ n: number }>(`SELECT count(*)::int AS n FROM (${sql}) twice`))[0].n;
  note('doubled', await twice(`SELECT FROM jobs GROUP BY type, payload HAVING count(*) > 1`), 'jobs of one resource');
  note('doubled', await twice(`SELECT FROM pairs GROUP BY pair_set_id, chosen_completion_id, rejected_completion_id HAVING count(*) > 1`), 'pairs');
  const written = new Map((await list<{ id: string; n: number }>(`SELECT batch_id AS id, count(*)::int AS n FROM completions WHERE batch_id IS NOT NULL GROUP BY 1`)).map(({ id, n }) => [id, n]));
  for (const { id } of accepted.completionBatches) {
    const n = written.get(id) ?? 0;
    const wanted = completionsOfBatch(target);
    if (n !== wanted) note(n < wanted ? 'lost' : 'doubled', Math.abs(n - wanted), `completions of batch ${id}`);
  }
  note('lost', [...jobs.values()].filter(({ id, state }) => state === 'succeeded' && !delivered.has(id)).length, 'webhooks of jobs that succeeded');

  const batch = await getJson<{ counts: { completed: number } }>(client, `/v1/labeling-batches/${target.labelingBatchId}`);
  const completed = (await list<{ n: number }>(`SELECT count(*)::int AS n FROM labeling_tasks WHERE batch_id = $1 AND state = 'completed'`, target.labelingBatchId))[0].n;
  note('stale', batch.counts.completed === completed ? 0 : 1, `the batch counts ${batch.counts.completed} completed tasks, there are ${completed}`);
  for (const job of jobs.values()) {
    const seen = await getJson<{ state: string }>(client, `/v1/jobs/${job.id}`);
    note('stale', seen.state === job.state ? 0 : 1, `job ${job.id} is ${job.state} and shown as ${seen.state}`);
  }
  return { ...tally, wrong, jobs: jobs.size };
}
