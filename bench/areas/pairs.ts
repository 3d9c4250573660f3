// npm run bench -- pairs: all pairs of 100,000 ratings, as a job through a worker.
import { Client } from 'pg';
import type { AreaResult, Notes } from '../area.js';
import { benchCase } from '../report.js';
import { median } from '../statistics.js';
import { withSystem, type TemporarySystem } from '../../scripts/system/temporary-system.js';
import { getJson, postJson } from '../system/json-requests.js';
import { memoryGrowth } from '../system/process-memory.js';
import { countPairs, makeMaterial, ndjson, postRatings, ratingLines } from '../system/rated-completions.js';

const size = { prompts: 2500, perPrompt: 10, labelers: 4, words: 40 };
const rounds = 3;

export function pairs(notes: Notes): Promise<AreaResult> {
  return withSystem({ workers: 1 }, async (system) => {
    const database = new Client({ connectionString: system.databaseUrl });
    await database.connect();
    const material = await makeMaterial(database, system.client, size).finally(() => database.end());
    const lines = ratingLines(material, 'bench');
    await postRatings(system.client, ndjson(lines), lines.length);
    const expected = countPairs(material, lines);
    notes(`${lines.length} ratings give ${expected} pairs`);

    const seconds: number[] = [];
    const grown: number[] = [];
    const broken: string[] = [];
    for (let round = 1; round <= rounds; round++) {
      const { result, grownMiB } = await memoryGrowth(system.workerPids[0], () => buildPairs(system, material.criterionVersionId, round));
      notes(`round ${round} of ${rounds}: ${result.seconds.toFixed(2)} s`);
      seconds.push(result.seconds);
      if (grownMiB !== undefined) grown.push(grownMiB);
      if (result.pairCount !== expected) broken.push(`${result.pairCount} pairs were built, ${expected} there are`);
    }
    const name = `pair set of ${lines.length} ratings`;
    const cases = [
      benchCase(`${name}, POST to finished`, 's', median(seconds)),
      benchCase(`${name}, ${expected} pairs`, 'pairs/s', expected / median(seconds)),
    ];
    if (grown.length > 0) cases.push(benchCase('growth of the worker meanwhile, largest', 'MiB', Math.max(...grown)));
    return { cases, broken };
  });
}

async function buildPairs({ client }: TemporarySystem, criterionVersionId: string, seed: number): Promise<{ seconds: number; pairCount: number }> {
  const started = performance.now();
  const config = { criterionVersionId, strategy: 'all', aggregation: 'mean', ties: 'drop', seed };
  const { id, jobId } = await postJson<{ id: string; jobId: string }>(client, '/v1/pair-sets', config);
  await client.waitForJob(jobId);
  const seconds = (performance.now() - started) / 1000;
  const { pairCount } = await getJson<{ pairCount: number }>(client, `/v1/pair-sets/${id}`);
  return { seconds, pairCount };
}
