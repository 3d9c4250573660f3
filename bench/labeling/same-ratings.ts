// The same ratings to both systems, one request each, in turns; afterwards both must hold them, and we exactly once.
import type { Client } from 'pg';
import type { Notes } from '../area.js';
import { benchCase, type BenchCase } from '../report.js';
import { median, quantile } from '../statistics.js';
import { KeepAliveClient } from '../system/keep-alive.js';
import { ratingLines, type Material, type RatingLine } from '../system/rated-completions.js';
import type { TemporarySystem } from '../../scripts/system/temporary-system.js';
import type { LabelStudio } from './label-studio.js';
import { takeTurns } from './turns.js';

export const load = { connections: 32, warmup: 200, blocks: 6, perBlock: 300 };
/** What `material` must have, as each completion is rated once. */
export const completionsNeeded = load.warmup + load.blocks * load.perBlock;

export async function sameRatings(system: TemporarySystem, database: Client, material: Material, studio: LabelStudio, notes: Notes): Promise<BenchCase[]> {
  const lines = onePerCompletion(material);
  const project = await studio.project(await textsOf(database, lines));
  const tasks = new Map(lines.map(({ completionId }, i) => [completionId, project.taskIds[i]]));
  const client = new KeepAliveClient(system, load.connections);
  const sides = [
    async (line: RatingLine) => {
      const { status, text } = await client.send('POST', '/v1/ratings', JSON.stringify(line));
      if (status !== 201) throw new Error(`a rating was answered with ${status}: ${text.slice(0, 300)}`);
    },
    ({ completionId, score }: RatingLine) => studio.rate(tasks.get(completionId)!, score),
  ];
  await takeTurns(sides, [lines.slice(0, load.warmup)], load.connections);
  const measured = lines.slice(load.warmup);
  const blocks = Array.from({ length: load.blocks }, (_, b) => measured.slice(b * load.perBlock, (b + 1) * load.perBlock));
  const [ours, peer] = await takeTurns(sides, blocks, load.connections);
  client.close();
  const doubled = holds('Plumbline', await scoresHere(database, lines), lines);
  if (doubled > 0) throw new Error(`Plumbline holds ${doubled} ratings twice`);
  const there = await studio.scores(project.id);
  const doubledThere = holds(studio.name, new Map([...tasks].map(([id, task]) => [id, there.get(task) ?? []])), lines);
  if (studio.refused > 0) notes(`${studio.name} refused ${studio.refused} writes, which were asked again, and holds ${doubledThere} ratings twice`);
  const what = `the same ${measured.length} ratings to both, in ${load.blocks} turns, one per request, ${load.connections} connections`;
  const name = `${studio.name}, POST of an annotation`;
  return [
    benchCase(what, 'ratings/s', median(ours.perSecond), { name, value: median(peer.perSecond) }),
    ...[0.5, 0.99].map((q) =>
      benchCase(`${what}, p${100 * q}`, 'ms', quantile(ours.latencies, q), { name, value: quantile(peer.latencies, q) }),
    ),
  ];
}

/** The labelers take turns over the completions. */
function onePerCompletion(material: Material): RatingLine[] {
  const labelers = material.labelers.length;
  const lines = ratingLines(material, 'both').filter((_, i) => i % labelers === Math.floor(i / labelers) % labelers);
  if (lines.length < completionsNeeded) throw new RangeError(`${lines.length} completions are fewer than the ${completionsNeeded} to be rated`);
  return lines.slice(0, completionsNeeded);
}

async function textsOf(database: Client, lines: readonly RatingLine[]): Promise<{ prompt: string; answer: string }[]> {
  const { rows } = await database.query<{ prompt: string; answer: string }>(
    `SELECT p.text AS prompt, c.text AS answer FROM unnest($1::uuid[]) WITH ORDINALITY AS given (id, n)
     JOIN completions c ON c.id = given.id JOIN prompts p ON p.id = c.prompt_id ORDER BY given.n`,
    [lines.map(({ completionId }) => completionId)],
  );
  return rows;
}

async function scoresHere(database: Client, lines: readonly RatingLine[]): Promise<Map<string, number[]>> {
  const { rows } = await database.query<{ id: string; scores: number[] }>(
    'SELECT completion_id AS id, array_agg(score::float8) AS scores FROM ratings WHERE external_id = ANY($1) GROUP BY completion_id',
    [lines.map(({ externalId }) => externalId)],
  );
  return new Map(rows.map(({ id, scores }) => [id, scores]));
}

/** A side that drops ratings is not fast. @returns how many it has more than once */
function holds(name: string, scores: ReadonlyMap<string, readonly number[]>, lines: readonly RatingLine[]): number {
  let doubled = 0;
  for (const { completionId, score } of lines) {
    const found = scores.get(completionId) ?? [];
    if (found.length === 0 || found.some((one) => one !== score)) throw new Error(`${name} holds ${JSON.stringify(found)} of a completion that was rated ${score}`);
    if (found.length > 1) doubled++;
  }
  return doubled;
}
