// npm run bench -- ingest: files through `npm run ingest` beside the same rows by raw COPY: 100,000 conversations of four turns and
// 2 kB, and 1,000,000 ratings. Both passes count. The memory of the command must not grow with the file.
// INGEST_CONVERSATIONS and INGEST_RATINGS set other sizes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { setting } from '#src/config/environment.js';
import type { AreaResult, Notes } from '../area.js';
import { benchCase } from '../report.js';
import { memoryGrowth } from '../system/process-memory.js';
import { copyInto, rowsOf } from '../system/raw-copy.js';
import { withSystem, type TemporarySystem } from '../../scripts/system/temporary-system.js';

const ingestScript = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'scripts', 'ingest', 'main.js');
/** The short file's share of the long one. */
const short = 10;
/** The hashes of a million different rows, with which rows are counted, and the heap's own ups and downs. */
const allowedGrowthMiB = 160;
const turnCharacters = 500;
const perPrompt = 10;
const labelers = 10;

export function ingest(notes: Notes): Promise<AreaResult> {
  const conversations = Number(setting('INGEST_CONVERSATIONS') ?? 100_000);
  const ratings = Number(setting('INGEST_RATINGS') ?? 1_000_000);
  return withSystem({ workers: 0 }, async (system) => {
    const database = new Client({ connectionString: system.databaseUrl });
    await database.connect();
    const dir = mkdtempSync(join(tmpdir(), 'plumbline-bench-ingest-'));
    try {
      const few = await writeConversations(dir, 'short', conversations / short);
      const many = await writeConversations(dir, 'long', conversations);
      const rated = await writeRatings(dir, ratings);
      notes(`${conversations / short} conversations, then ${conversations}, then ${ratings} ratings`);
      const small = await run(system, few, notes);
      const large = await run(system, many, notes);
      const copied = await copySeconds(database, ['prompts', 'completions']);
      const scored = await run(system, rated, notes);
      const copiedRatings = await copySeconds(database, ['prompts', 'completions', 'ratings']);
      const peaks = small.peakMiB !== undefined && large.peakMiB !== undefined ? { small: small.peakMiB, large: large.peakMiB } : undefined;
      return {
        cases: [
          benchCase(`${conversations} conversations of 4 turns, 2 kB`, 'rows/s', conversations / large.seconds, { name: 'raw COPY of prompts and completions', value: (conversations * (1 + 1 / short)) / copied }),
          benchCase(`${ratings} ratings with their completions`, 'rows/s', ratings / scored.seconds, { name: 'raw COPY of all rows', value: ratings / copiedRatings }),
          ...(peaks ? [benchCase(`memory of the command, ${conversations} conversations, largest`, 'MiB', peaks.large, { name: `${conversations / short} conversations`, value: peaks.small })] : []),
        ],
        broken: peaks && peaks.large - peaks.small > allowedGrowthMiB ? [`the command held ${peaks.large.toFixed(0)} MiB for ${conversations} conversations, ${peaks.small.toFixed(0)} MiB for ${conversations / short}`] : [],
      };
    } finally {
      rmSync(dir, { recursive: true });
      await database.end();
    }
  });
}

async function run({ url, adminKey }: TemporarySystem, path: string, notes: Notes): Promise<{ seconds: number; peakMiB: number | undefined }> {
  const started = performance.now();
  const child = spawn(process.execPath, [ingestScript, path, '--url', url, '--key', adminKey], { stdio: ['ignore', 'ignore', 'inherit'] });
  const { result: code, peakMiB } = await memoryGrowth(child.pid!, async () => (await once(child, 'exit'))[0] as number | null);
  if (code !== 0) throw new Error(`ingest of ${path} ended with ${code}`);
  const seconds = (performance.now() - started) / 1000;
  notes(`${seconds.toFixed(1)} s, ${peakMiB?.toFixed(0) ?? '?'} MiB at most`);
  return { seconds, peakMiB };
}

async function copySeconds(database: Client, tables: readonly string[]): Promise<number> {
  let seconds = 0;
  for (const table of tables) {
    const expected = (await database.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${table}`)).rows[0].count;
    seconds += await copyInto(database, table, await rowsOf(database, table), { references: {}, expected });
  }
  return seconds;
}

async function writeConversations(dir: string, name: string, count: number): Promise<string> {
  const turn = (seed: number) => `${seed.toString(36)} `.repeat(turnCharacters).slice(0, turnCharacters);
  const path = join(dir, `${name}.jsonl`);
  await write(path, count, (i) => {
    const [a, b, c, d] = [1, 2, 3, 4].map((n) => turn(i * 7919 * n + n + name.length));
    return { conversations: [{ from: 'human', value: a }, { from: 'gpt', value: b }, { from: 'human', value: c }, { from: 'gpt', value: d }] };
  });
  return path;
}

async function writeRatings(dir: string, count: number): Promise<string> {
  const folder = join(dir, 'rated');
  mkdirSync(folder);
  const completions = Math.ceil(count / labelers);
  await write(join(folder, 'prompts.jsonl'), Math.ceil(completions / perPrompt), (i) => ({ externalId: `p-${i}`, text: `Which number is ${i}?` }));
  await write(join(folder, 'completions.jsonl'), completions, (i) => ({ externalId: `c-${i}`, promptExternalId: `p-${Math.floor(i / perPrompt)}`, source: 's', text: `It is ${i}.` }));
  await write(join(folder, 'ratings.jsonl'), count, (i) => ({ completionExternalId: `c-${Math.floor(i / labelers)}`, labeler: `l-${i % labelers}`, score: 1 + (i % 5) }));
  return folder;
}

function write(path: string, count: number, row: (index: number) => object): Promise<void> {
  function* lines(): Generator<string> {
    for (let i = 0; i < count; i++) yield `${JSON.stringify(row(i))}\n`;
  }
  return pipeline(Readable.from(lines()), createWriteStream(path));
}
