// npm run ingest -- DIR [--url URL] [--key KEY] [--name NAME]: loads prompts, completions and ratings that were
// recorded elsewhere into a running Plumbline. Run again, it finds everything there and changes nothing.
import { existsSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { connection, dataDir } from '#src/config/environment.js';
import { Plumbline, PlumblineError } from '#sdk/client.js';
import { postInChunks, type BulkTotals } from '../client/bulk.js';
import { ensureCriterionVersion, ensureLabeler } from '../client/ensure.js';
import { stageProgress } from '../terminal/progress.js';
import { criterionFromScores, IngestError, readFolder } from './folder.js';

const usage = 'usage: npm run ingest -- DIR [--url http://127.0.0.1:3000] [--key plk_...] [--name NAME]';

try {
  process.exitCode = await main();
} catch (error) {
  const refused = error instanceof TypeError && error.message === 'fetch failed';
  const known = error instanceof IngestError || error instanceof PlumblineError || 'code' in (error as object);
  const message = refused ? 'no Plumbline answers there: is `npm start` running, and --url right?' : (error as Error).message;
  process.stderr.write(`plumbline: ${refused || known ? message : String((error as Error).stack)}\n`);
  process.exitCode = error instanceof IngestError || known ? 2 : 1;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { url: { type: 'string' }, key: { type: 'string' }, name: { type: 'string' } },
  });
  if (positionals.length !== 1) throw new IngestError(`one folder must be given, got ${positionals.length}; ${usage}`);
  const dir = resolve(positionals[0]);
  const name = values.name ?? basename(dir);
  const folder = readFolder(dir);
  const { baseUrl, apiKey = keptKey() } = connection(values);
  const client = new Plumbline({ baseUrl, apiKey });

  const criterion = await ensureCriterionVersion(client, folder.criterion ?? criterionFromScores(name, folder.ratings));
  const labelers = [...new Set(folder.ratings.map((rating) => rating.labeler))];
  for (const externalId of labelers) await ensureLabeler(client, { externalId, simulated: false });

  const failed = [
    await load(client, 'prompts', '/v1/prompts/bulk', folder.prompts),
    await load(client, 'completions', '/v1/completions/bulk', folder.completions),
    await load(
      client,
      'ratings',
      '/v1/ratings/bulk',
      folder.ratings.map(({ completionExternalId, labeler, score }) => ({
        completionExternalId,
        labelerExternalId: labeler,
        criterionVersionId: criterion.id,
        score,
        externalId: `${name}/${completionExternalId}/${labeler}`,
      })),
    ),
  ].reduce((sum, totals) => sum + totals.failed, 0);

  const promptSetId = await ensurePromptSet(client, name, folder.prompts.map((prompt) => prompt.externalId));
  console.log(`criterion version ${criterion.id}\nprompt set        ${promptSetId}`);
  return failed > 0 ? 1 : 0;
}

async function load(
  client: Plumbline,
  what: string,
  path: Parameters<typeof postInChunks>[1],
  lines: readonly object[],
): Promise<BulkTotals> {
  const progress = stageProgress(what);
  const totals = await postInChunks(client, path, lines, (done) => progress.update(done, lines.length));
  progress.end(`${totals.created} created, ${totals.duplicates} there already, ${totals.failed} failed`);
  for (const failure of totals.failures) {
    const why = failure.errors?.map((error) => `${error.pointer} ${error.message}`).join('; ') ?? '';
    process.stderr.write(`plumbline: ${what} line ${failure.line}: ${failure.code} ${why}\n`);
  }
  return totals;
}

async function ensurePromptSet(client: Plumbline, name: string, externalIds: string[]): Promise<string> {
  for await (const set of client.pages((cursor) => client.http.GET('/v1/prompt-sets', { params: { query: { cursor } } }))) {
    if (set.name === name) return set.id;
  }
  return (await client.ok(client.http.POST('/v1/prompt-sets', { body: { name, externalIds } }))).id;
}

/** The key that the quickstart keeps beside its data. */
function keptKey(): string {
  const file = resolve(dataDir(), 'quickstart-key');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  throw new IngestError('an API key must be given, by --key or PLUMBLINE_API_KEY');
}
