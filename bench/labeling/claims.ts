import type { Client } from 'pg';
import { postJson } from '../system/json-requests.js';
import { closedLoop, KeepAliveClient } from '../system/keep-alive.js';
import type { Material } from '../system/rated-completions.js';
import type { TemporarySystem } from '../../scripts/system/temporary-system.js';

const overlap = 4;
const load = { connections: 32, warmup: 500, count: 5000 };

export interface ClaimSpeed {
  perSecond: number;
  latencies: number[];
  /** In the batch at the start. */
  tasks: number;
}

/** Labelers on 32 connections, each claiming one task after another out of one batch. */
export async function claimTasks({ url, authorization, client }: TemporarySystem, database: Client, material: Material): Promise<ClaimSpeed> {
  const { rows } = await database.query<{ id: string }>(
    `WITH made AS (INSERT INTO prompt_sets (id, name, prompt_count) SELECT uuidv7(), 'bench', count(*) FROM prompts RETURNING id),
     members AS (INSERT INTO prompt_set_members (prompt_set_id, position, prompt_id)
                 SELECT made.id, row_number() OVER () - 1, p.id FROM made, prompts p)
     SELECT id FROM made`,
  );
  const body = { name: 'bench', mode: 'rate', criterionVersionId: material.criterionVersionId, promptSetId: rows[0].id, overlap };
  const { id } = await postJson<{ id: string }>(client, '/v1/labeling-batches', body);
  await database.query('ANALYZE labeling_tasks, labeling_items');
  const server = new KeepAliveClient({ url, authorization }, load.connections);
  const latencies: number[] = [];
  const claim = async (i: number) => {
    const started = performance.now();
    const labelerExternalId = material.labelers[i % material.labelers.length];
    const { status, text } = await server.send('POST', `/v1/labeling-batches/${id}/tasks/claim`, JSON.stringify({ labelerExternalId }));
    const { tasks } = JSON.parse(text) as { tasks?: unknown[] };
    if (status !== 200 || tasks?.length !== 1) throw new Error(`a claim was answered with ${status}: ${text.slice(0, 300)}`);
    latencies.push(performance.now() - started);
  };
  await closedLoop(load.warmup, load.connections, claim);
  latencies.length = 0;
  const seconds = await closedLoop(load.count, load.connections, claim);
  server.close();
  return { perSecond: load.count / seconds, latencies, tasks: material.completions.length * overlap };
}
