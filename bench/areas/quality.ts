// npm run bench -- quality: agreement, a labeler's quality and pair sets over a million ratings.
import { Client } from 'pg';
import { withSystem, type TemporarySystem } from '../../scripts/system/temporary-system.js';
import type { AreaResult, Notes } from '../area.js';
import { benchCase, type BenchCase } from '../report.js';
import { median } from '../statistics.js';
import { getJson, postJson } from '../system/json-requests.js';
import { makeMillionRatings, type MillionRatings } from '../system/million-ratings.js';
import { memoryGrowth } from '../system/process-memory.js';

const rounds = 3;

interface Pid {
  name: string;
  pid: number;
}

export function quality(notes: Notes): Promise<AreaResult> {
  return withSystem({ workers: 1 }, async (system) => {
    const database = new Client({ connectionString: system.databaseUrl });
    await database.connect();
    notes('writing a million ratings');
    const material = await makeMillionRatings(database, system.client).finally(() => database.end());
    return { cases: await qualityCases(system, material, notes), broken: [] };
  });
}

/** Also part of `npm run bench -- labeling`. */
async function qualityCases(system: TemporarySystem, material: MillionRatings, notes: Notes): Promise<BenchCase[]> {
  const { client } = system;
  const count = material.ratings.toLocaleString('en-US');
  const api = { name: 'API', pid: system.apiPid };
  const worker = { name: 'worker', pid: system.workerPids[0] };
  const pairSet = (aggregation: string) => async (round: number) => {
    const { jobId } = await postJson<{ jobId: string }>(client, '/v1/pair-sets', {
      criterionVersionId: material.criterionVersionId,
      aggregation,
      seed: round,
    });
    await client.waitForJob(jobId);
  };
  const { number } = await getJson<{ number: number }>(client, `/v1/criterion-versions/${material.criterionVersionId}`);
  const measures: [string, Pid, (round: number) => Promise<unknown>][] = [
    [`agreement over ${count} ratings`, api, () => getJson(client, `/v1/criteria/${material.criterionId}/versions/${number}/agreement`)],
    [`quality of a labeler among ${count} ratings`, api, () => getJson(client, `/v1/labelers/${material.labelerId}/quality`)],
    [`pair set of ${count} ratings, mean`, worker, pairSet('mean')],
    [`pair set of ${count} ratings, reliability-weighted`, worker, pairSet('reliability-weighted')],
  ];
  const cases: BenchCase[] = [];
  for (const [name, process, work] of measures) cases.push(...(await measured(name, process, work, notes)));
  return cases;
}

async function measured(name: string, { name: process, pid }: Pid, work: (round: number) => Promise<unknown>, notes: Notes): Promise<BenchCase[]> {
  const seconds: number[] = [];
  const grown: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const started = performance.now();
    const { grownMiB } = await memoryGrowth(pid, () => work(round));
    seconds.push((performance.now() - started) / 1000);
    if (grownMiB !== undefined) grown.push(grownMiB);
    notes(`${name}, round ${round} of ${rounds}: ${seconds[round - 1].toFixed(2)} s`);
  }
  const cases = [benchCase(name, 's', median(seconds))];
  if (grown.length > 0) cases.push(benchCase(`growth of the ${process} meanwhile, largest`, 'MiB', Math.max(...grown)));
  return cases;
}
