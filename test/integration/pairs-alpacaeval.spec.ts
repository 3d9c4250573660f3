// Pair building on real ratings, where the folder with them is at hand (ALPACAEVAL_DIR): known counts must come out.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import request from 'supertest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { textKey } from '#src/common/text.js';
import { newId } from '#src/common/id.js';
import { PairsWorkerModule } from '#src/pairs/pairs-worker.module.js';
import { givenCriterionVersion, givenLabeler, withSql } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { settled, startNode, type Node } from './jobs-fixture.js';

const dir = process.env['ALPACAEVAL_DIR'] ?? resolve('..', 'shared', 'data', 'alpacaeval');
const atHand = existsSync(join(dir, 'ratings.jsonl'));
if (!atHand) console.warn(`no AlpacaEval data in ${dir}: the test of scale is skipped`);

let t: TestApp;
let worker: Node;
beforeAll(async () => {
  if (!atHand) return;
  t = await createTestApp();
  worker = await startNode({ DATABASE_URL: t.database.url }, ['pair-building'], [PairsWorkerModule]);
});
afterAll(async () => {
  await worker?.close();
  await t?.close();
});

function read<T>(name: string): T[] {
  const lines = readFileSync(join(dir, name), 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as T);
}

test.skipIf(!atHand)('all pairs of AlpacaEval without ties are 18,736, and longest-wins is right on 74.2% of them', async () => {
  const prompts = read<{ externalId: string; text: string }>('prompts.jsonl').map((prompt) => ({ ...prompt, id: newId() }));
  const promptIds = new Map(prompts.map(({ externalId, id }) => [externalId, id]));
  const completions = read<{ externalId: string; promptExternalId: string; text: string }>('completions.jsonl');
  await withSql(t, async (sql) => {
    const insert = (table: string, columns: string, rows: object[]) =>
      sql.query(`INSERT INTO ${table} (${columns}) SELECT ${columns} FROM jsonb_populate_recordset(NULL::${table}, $1)`, [JSON.stringify(rows)]);
    await insert('prompts', 'id, external_id, text, text_key, tags, metadata', prompts.map(({ externalId, ...prompt }) => ({ ...prompt, text_key: textKey(prompt.text), external_id: externalId, tags: [], metadata: {} })));
    await insert('completions', 'id, external_id, prompt_id, text', completions.map((c) => ({ id: newId(), external_id: c.externalId, prompt_id: promptIds.get(c.promptExternalId), text: c.text })));
  });
  const criterionVersionId = await givenCriterionVersion(t, 7);
  await givenLabeler(t, 'judge');
  const ratings = read<{ completionExternalId: string; score: number }>('ratings.jsonl');
  const lines = ratings.map(({ completionExternalId, score }) =>
    JSON.stringify({ completionExternalId, score, criterionVersionId, labelerExternalId: 'judge', externalId: completionExternalId }),
  );
  const bulk = await request(t.http).post('/v1/ratings/bulk').set(t.admin).set('content-type', 'application/x-ndjson').send(lines.join('\n')).expect(200);
  expect(bulk.body).toMatchObject({ created: 5987, failed: 0 });

  const { body: set } = await request(t.http).post('/v1/pair-sets').set(t.admin).send({ criterionVersionId }).expect(202);
  expect((await settled(worker, set.jobId)).state).toBe('succeeded');
  const { body } = await request(t.http).get(`/v1/pair-sets/${set.id}/diagnostics`).set(t.admin).expect(200);
  expect(body).toMatchObject({ possiblePairs: 26_883, tiesDropped: 8147, prompts: 600 });
  const { train, eval: held } = body.splits;
  expect(train.pairs + held.pairs).toBe(18_736);
  const longest = (train.nulls.longest.accuracy * train.pairs + held.nulls.longest.accuracy * held.pairs) / 18_736;
  expect(longest).toBeCloseTo(0.742, 3);
  expect(held.pairs / 18_736).toBeGreaterThan(0.12);
});
