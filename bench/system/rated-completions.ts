// Made-up material in bulk: prompts and completions written straight into the tables (they are not what is
// measured), and the rating lines that a vendor would post about them.
import type { Client } from 'pg';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Rng } from '#src/common/rng.js';
import type { Plumbline } from '#sdk/client.js';
import { ensureCriterionVersion, ensureLabeler } from '../../scripts/client/ensure.js';

export interface Material {
  /** Ids of the completions, prompt by prompt. */
  completions: string[];
  perPrompt: number;
  labelers: string[];
  criterionVersionId: string;
}

const vocabulary = 'the a of and to in is was it for on that with as at by from or an be this are has not but will one all'.split(' ');

/** @param words length of each completion is drawn from 1 to twice this */
export async function makeMaterial(
  database: Client,
  client: Plumbline,
  size: { prompts: number; perPrompt: number; labelers: number; words: number },
): Promise<Material> {
  const rng = Rng.from('bench material');
  const text = (words: number) => Array.from({ length: words }, () => vocabulary[rng.int(vocabulary.length)]).join(' ');
  await database.query(
    `INSERT INTO prompts (id, text, text_key, external_id)
     SELECT uuidv7(), given.text, encode(sha256(convert_to(given.text, 'UTF8')), 'hex'), 'bench-' || given.n
     FROM unnest($1::text[]) WITH ORDINALITY AS given(text, n)`,
    [Array.from({ length: size.prompts }, () => text(12))],
  );
  const { rows } = await database.query<{ id: string }>(
    `INSERT INTO completions (id, prompt_id, text, source, external_id)
     SELECT uuidv7(), p.id, given.text, 'bench', p.external_id || '/' || given.n
     FROM unnest($1::text[]) WITH ORDINALITY AS given(text, n)
     JOIN prompts p ON p.external_id = 'bench-' || ((given.n - 1) / $2 + 1)
     ORDER BY given.n
     RETURNING id`,
    [Array.from({ length: size.prompts * size.perPrompt }, () => text(1 + rng.int(2 * size.words))), size.perPrompt],
  );
  await database.query('ANALYZE prompts, completions');
  const criterion = await ensureCriterionVersion(client, {
    name: 'benchmark',
    instructions: 'Made up for a benchmark.',
    scale: [1, 2, 3, 4, 5].map((value) => ({ value, label: `level ${value}` })),
  });
  const labelers = Array.from({ length: size.labelers }, (_, i) => `bench-labeler-${i}`);
  for (const externalId of labelers) await ensureLabeler(client, { externalId, simulated: true });
  return { completions: rows.map((row) => row.id), perPrompt: size.perPrompt, labelers, criterionVersionId: criterion.id };
}

export interface RatingLine {
  completionId: string;
  criterionVersionId: string;
  labelerExternalId: string;
  score: number;
  position: number;
  externalId: string;
}

/** One rating of every completion by every labeler: a quality of the completion and a labeler's own mistake. */
export function ratingLines({ completions, perPrompt, labelers, criterionVersionId }: Material, run: string): RatingLine[] {
  const rng = Rng.from('bench ratings');
  return completions.flatMap((completionId, c) => {
    const quality = 1 + rng.int(5);
    return labelers.map((labelerExternalId, l) => ({
      completionId,
      criterionVersionId,
      labelerExternalId,
      score: Math.min(5, Math.max(1, quality + rng.int(3) - 1)),
      position: (c + l) % perPrompt,
      externalId: `${run}/${c}/${l}`,
    }));
  });
}

/** Pairs of one prompt's completions whose mean scores differ, counted the plain way. */
export function countPairs({ perPrompt, labelers }: Material, lines: readonly RatingLine[]): number {
  const sums = new Map<string, number>();
  for (const { completionId, score } of lines) sums.set(completionId, (sums.get(completionId) ?? 0) + score);
  const scores = [...sums.values()];
  if (lines.length !== scores.length * labelers.length) throw new RangeError('every labeler must have rated every completion');
  let pairs = 0;
  for (let at = 0; at < scores.length; at += perPrompt) {
    const group = scores.slice(at, at + perPrompt);
    group.forEach((a, i) => (pairs += group.slice(i + 1).filter((b) => b !== a).length));
  }
  return pairs;
}

/** Posts all lines in one request; throws unless every one of them landed. */
export async function postRatings(client: Plumbline, body: string, count: number): Promise<void> {
  const response = await client.raw('POST', '/v1/ratings/bulk', { body, contentType: 'application/x-ndjson' });
  const { created, failed } = JSON.parse(await response.text()) as { created: number; failed: number };
  if (created !== count || failed !== 0) throw new Error(`of ${count} ratings ${created} were created and ${failed} failed`);
}

/** All lines of `times` runs in one request, made as they are sent; throws unless every one of them landed. */
export async function streamRatings({ url, authorization }: { url: string; authorization: string }, material: Material, name: string, times: number): Promise<void> {
  let count = 0;
  function* body() {
    for (let run = 0; run < times; run++) {
      const lines = ratingLines(material, `stream-${name}-${run}`);
      count += lines.length;
      for (let at = 0; at < lines.length; at += 500) yield `${ndjson(lines.slice(at, at + 500))}\n`;
    }
  }
  const sent = request(`${url}/v1/ratings/bulk`, { method: 'POST', headers: { authorization, 'content-type': 'application/x-ndjson' } });
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  await pipeline(Readable.from(body()), sent);
  const [response] = await answered;
  let head = '';
  for await (const chunk of response) if (head.length < 200) head += String(chunk);
  if (!head.startsWith(`{"created":${count},"duplicates":0,"failed":0,`)) throw new Error(`${count} ratings were answered with ${response.statusCode}: ${head.slice(0, 200)}`);
}

export function ndjson(lines: readonly object[]): string {
  return lines.map((line) => JSON.stringify(line)).join('\n');
}
