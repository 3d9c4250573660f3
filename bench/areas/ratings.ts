// npm run bench -- ratings: single posts at 32 connections, and 100,000 ratings in one NDJSON request beside
// the same rows by raw COPY into an identical table; and that the memory of the API does not grow with the request.
import { Client } from 'pg';
import type { AreaResult, Notes } from '../area.js';
import { benchCase } from '../report.js';
import { median, quantile } from '../statistics.js';
import { withSystem, type TemporarySystem } from '../../scripts/system/temporary-system.js';
import { closedLoop, KeepAliveClient } from '../system/keep-alive.js';
import { memoryGrowth } from '../system/process-memory.js';
import { makeMaterial, ndjson, postRatings, ratingLines, streamRatings, type Material } from '../system/rated-completions.js';
import { copyInto, rowsOf } from '../system/raw-copy.js';

const size = { prompts: 2500, perPrompt: 10, labelers: 4, words: 40 };
const bulkCount = size.prompts * size.perPrompt * size.labelers;
const rounds = 3;
/** What the product checks too, by statement. */
const references = { completion_id: 'completions', criterion_version_id: 'criterion_versions', labeler_id: 'labelers', vendor_id: 'vendors' };
const longBody = 10;
/** The heap's own ups and downs; the lines of the longer body are 250 MiB, their results 80 MiB. */
const allowedGrowthMiB = 48;
const single = { connections: 32, warmup: 1000, count: 8000 };
const posted = `single POST, ${single.connections} connections`;
const sent = `bulk NDJSON, ${bulkCount} in one request`;

export function ratings(notes: Notes): Promise<AreaResult> {
  return withSystem({ workers: 0 }, async (system) => {
    const database = new Client({ connectionString: system.databaseUrl });
    await database.connect();
    try {
      const material = await makeMaterial(database, system.client, size);
      const bulk = await bulkRounds(system, database, material, notes);
      const memory = await bulkMemory(system, database, material, notes);
      notes(`${single.count} single posts at ${single.connections} connections`);
      const posts = await singlePosts(system, database, material);
      return {
        cases: [
          benchCase(posted, 'ratings/s', posts.perSecond),
          benchCase(`${posted}, p50`, 'ms', quantile(posts.latencies, 0.5)),
          benchCase(`${posted}, p99`, 'ms', quantile(posts.latencies, 0.99)),
          benchCase(sent, 'ratings/s', bulk.ours, { name: 'raw COPY, same indexes', value: bulk.copy }),
          benchCase(`${sent}, foreign keys too`, 'ratings/s', bulk.ours, {
            name: 'raw COPY, same indexes and foreign keys',
            value: bulk.copyChecked,
          }),
          ...memory.cases,
        ],
        broken: memory.broken,
      };
    } finally {
      await database.end();
    }
  });
}

async function bulkRounds({ client }: TemporarySystem, database: Client, material: Material, notes: Notes) {
  const warmup = ratingLines(material, 'warmup').slice(0, 10_000);
  await postRatings(client, ndjson(warmup), warmup.length);
  const speeds = { ours: [] as number[], copy: [] as number[], copyChecked: [] as number[] };
  for (let round = 1; round <= rounds; round++) {
    notes(`bulk round ${round} of ${rounds}`);
    const lines = ratingLines(material, `round-${round}`);
    const body = ndjson(lines);
    await emptyRatings(database);
    const started = performance.now();
    await postRatings(client, body, lines.length);
    speeds.ours.push(lines.length / ((performance.now() - started) / 1000));
    const rows = await rowsOf(database, 'ratings');
    speeds.copy.push(lines.length / (await copyInto(database, 'ratings', rows, { references: {}, expected: lines.length })));
    speeds.copyChecked.push(lines.length / (await copyInto(database, 'ratings', rows, { references, expected: lines.length })));
  }
  return { ours: median(speeds.ours), copy: median(speeds.copy), copyChecked: median(speeds.copyChecked) };
}

/**
 * Largest resident memory of the API during ten requests, one after the other, and during one with as many lines: as much
 * rubbish to collect, and no other difference than the length.
 */
async function bulkMemory(system: TemporarySystem, database: Client, material: Material, notes: Notes): Promise<AreaResult> {
  const peakOf = async (lengths: readonly number[]) => {
    await emptyRatings(database);
    const { peakMiB } = await memoryGrowth(system.apiPid, async () => {
      for (const [i, times] of lengths.entries()) await streamRatings(system, material, `${lengths.length}-${i}`, times);
    });
    return peakMiB;
  };
  const short = await peakOf(Array.from({ length: longBody }, () => 1));
  const long = await peakOf([longBody]);
  if (short === undefined || long === undefined) return { cases: [], broken: [] };
  notes(`the API held ${short.toFixed(0)} MiB at most in ${longBody} requests of ${bulkCount} lines, ${long.toFixed(0)} in one of ${longBody * bulkCount}`);
  return {
    cases: [
      benchCase(`API's memory, ${longBody * bulkCount} lines in one request, largest`, 'MiB', long, {
        name: `${longBody} requests of ${bulkCount} lines`,
        value: short,
      }),
    ],
    broken: long - short > allowedGrowthMiB ? [`the API held ${long.toFixed(0)} MiB with all lines in one request, ${short.toFixed(0)} MiB in ${longBody}`] : [],
  };
}

async function singlePosts(system: TemporarySystem, database: Client, material: Material) {
  await emptyRatings(database);
  const lines = ratingLines(material, 'single').slice(0, single.warmup + single.count).map((line) => JSON.stringify(line));
  const client = new KeepAliveClient(system, single.connections);
  const latencies: number[] = [];
  const post = async (line: string) => {
    const started = performance.now();
    const { status, text } = await client.send('POST', '/v1/ratings', line);
    if (status !== 201) throw new Error(`a rating was answered with ${status}: ${text.slice(0, 300)}`);
    latencies.push(performance.now() - started);
  };
  await closedLoop(single.warmup, single.connections, (i) => post(lines[i]));
  latencies.length = 0;
  const seconds = await closedLoop(single.count, single.connections, (i) => post(lines[single.warmup + i]));
  client.close();
  return { perSecond: single.count / seconds, latencies };
}

/** Every round starts from nothing; the trigger that keeps ratings append-only is passed over in this session alone. */
async function emptyRatings(database: Client): Promise<void> {
  await database.query('SET session_replication_role = replica');
  await database.query('TRUNCATE ratings CASCADE');
  await database.query('SET session_replication_role = origin');
  await database.query('CHECKPOINT');
}
