import request from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#src/common/id.js';
import { PairsWorkerModule } from '#src/pairs/pairs-worker.module.js';
import { completeReward } from '#src/rl/methods/reward.js';
import { PreferenceDataService } from '#src/reward/data/preference-data.service.js';
import { trainingPairs } from '#src/reward/data/training-pairs.js';
import { givenCriterionVersion, givenLabeler, givenPrompt, withSql } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { settled, startNode, type Node } from './jobs-fixture.js';

let t: TestApp;
let worker: Node;
let version: string;
let completions: string[];
let promptId: string;

beforeAll(async () => {
  t = await createTestApp();
  worker = await startNode({ DATABASE_URL: t.database.url }, ['pair-building'], [PairsWorkerModule]);
  version = await givenCriterionVersion(t);
  const labelers = [await givenLabeler(t, 'ann'), await givenLabeler(t, 'bob'), await givenLabeler(t, 'cyd')];
  const texts = ['short', 'middling', 'quite a bit longer', 'same len'];
  ({ promptId, completionIds: completions } = await givenPrompt(t, 'say "hi"\n', texts.map((text) => ({ text }))));
  await givenPrompt(t, 'never rated', [{ text: 'a' }, { text: 'b' }]);
  // Rows: completions; columns: ann, bob, cyd. Means 2, 3, 4, 3.
  const scores = [
    [1, 2, 3],
    [2, 3, 4],
    [5, 4, 3],
    [3, 3, 3],
  ];
  for (const [i, row] of scores.entries()) {
    for (const [j, score] of row.entries()) {
      const body = { completionId: completions[i], criterionVersionId: version, labelerId: labelers[j], score, ...(j === 0 && { position: i }) };
      await post('/v1/ratings', body).expect(201);
    }
  }
});
afterAll(async () => {
  await worker.close();
  await t.close();
});

const post = (path: string, body: object) => request(t.http).post(path).set(t.admin).send(body);
const get = (path: string) => request(t.http).get(path).set(t.admin);

async function built(fields: object = {}) {
  const { body, headers } = await post('/v1/pair-sets', { criterionVersionId: version, evalFraction: 0, ...fields }).expect(202);
  expect(headers.location).toBe(`/v1/jobs/${body.jobId}`);
  const job = await settled(worker, body.jobId);
  expect(job).toMatchObject({ state: 'succeeded', resultType: 'pair_set', resultId: body.id });
  return (await get(`/v1/pair-sets/${body.id}`).expect(200)).body;
}

describe('a pair set', () => {
  test('is built by its job and read in pages, preferred first', async () => {
    const set = await built();
    expect(set).toMatchObject({ pairCount: 5, config: { strategy: 'all', ties: 'drop', seed: 0, minimumRatings: 1 } });
    const first = (await get(`/v1/pair-sets/${set.id}/pairs?limit=3`).expect(200)).body;
    const rest = (await get(`/v1/pair-sets/${set.id}/pairs?limit=3&cursor=${first.nextCursor}`)).body;
    const pairs = [...first.data, ...rest.data];
    expect(pairs.map((pair) => pair.ordinal)).toEqual([0, 1, 2, 3, 4]);
    expect(rest).toMatchObject({ hasMore: false, nextCursor: null });
    for (const pair of pairs) {
      expect(pair.chosen.score).toBeGreaterThan(pair.rejected.score);
      expect(pair).toMatchObject({ promptId, split: 'train', tie: false, labels: [1, 0] });
    }
    expect((await get(`/v1/pair-sets/${set.id}/pairs?split=eval`)).body.data).toEqual([]);
    expect((await get('/v1/pair-sets')).body.data).toContainEqual(set);
  });

  test('built twice from the same ratings and seed has the same hash, another seed has another', async () => {
    const hashes = [];
    for (const seed of [5, 5, 6]) hashes.push((await built({ ties: 'keep', seed })).contentHash);
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(hashes[1]).toBe(hashes[0]);
    expect(hashes[2]).not.toBe(hashes[0]);
  });

  test('weighs labelers by how reliable they are, and keeps what they weighed', async () => {
    const labelers = [];
    for (const name of ['careful', 'usual', 'usual too', 'careless']) labelers.push(await givenLabeler(t, name));
    const criterionVersionId = await givenCriterionVersion(t);
    const { completionIds } = await givenPrompt(t, 'weigh', Array.from({ length: 12 }, (_, i) => ({ text: `answer ${i}` })));
    for (const [i, completionId] of completionIds.entries()) {
      // The truth goes round the scale; the careless one goes round it the other way.
      const scores = [(i % 5) + 1, Math.min(5, (i % 5) + 1 + (i % 3 === 0 ? 1 : 0)), Math.max(1, (i % 5) + 1 - (i % 4 === 0 ? 1 : 0)), 5 - ((i * 2) % 5)];
      for (const [l, score] of scores.entries()) await post('/v1/ratings', { completionId, criterionVersionId, labelerId: labelers[l], score }).expect(201);
    }
    const sets = [await built({ criterionVersionId, aggregation: 'reliability-weighted' }), await built({ criterionVersionId, aggregation: 'reliability-weighted' })];
    expect(sets[1].contentHash).toBe(sets[0].contentHash);
    expect((await built({ criterionVersionId })).contentHash).not.toBe(sets[0].contentHash);
    const first = (await get(`/v1/pair-sets/${sets[0].id}/labeler-weights?limit=3`).expect(200)).body;
    const rest = (await get(`/v1/pair-sets/${sets[0].id}/labeler-weights?limit=3&cursor=${first.nextCursor}`)).body;
    const weights = new Map([...first.data, ...rest.data].map((row) => [row.labelerId, row]));
    expect(weights.size).toBe(4);
    const [careful, usual, , careless] = labelers.map((id) => weights.get(id));
    expect(careful).toMatchObject({ ratings: 12 });
    expect(careful.reliability).toBeGreaterThan(usual.reliability - 1e-9);
    expect(usual.weight).toBeGreaterThan(4 * careless.weight);
    expect((await get(`/v1/pair-sets/${(await built()).id}/labeler-weights`)).body.data).toEqual([]);
    const { body } = await post('/v1/pair-sets/preview', { criterionVersionId, aggregation: 'reliability-weighted' }).expect(422);
    expect(body).toMatchObject({ code: 'preview_unavailable', errors: [{ pointer: '/aggregation' }] });

    const { promptId: doubtful, completionIds: two } = await givenPrompt(t, 'doubt', [{ text: 'this' }, { text: 'that' }]);
    for (const [i, completionId] of two.entries()) {
      await post('/v1/ratings', { completionId, criterionVersionId, labelerId: labelers[3], score: 1 + i }).expect(201);
    }
    const weighted = await built({ criterionVersionId, pairWeights: 'reliability' });
    expect(weighted.config).toMatchObject({ aggregation: 'mean', pairWeights: 'reliability' });
    const { data: pairs } = (await get(`/v1/pair-sets/${weighted.id}/pairs?limit=500`)).body as { data: { promptId: string; ordinal: number; weight: number }[] };
    const [doubt] = pairs.filter((pair) => pair.promptId === doubtful);
    const others = pairs.filter((pair) => pair.promptId !== doubtful).map(({ weight }) => weight);
    expect(new Set(others).size).toBe(1);
    expect(others[0]).toBeLessThan(1);
    expect(doubt.weight).toBeLessThan(others[0] / 3);
    // What the trainer of a reward model makes of them.
    const groups = await t.app.get(PreferenceDataService, { strict: false }).groups(weighted.id, 'train', 0);
    const { train } = trainingPairs(groups, completeReward({}));
    expect(train.flatMap((group) => group.pairs.map((pair) => [(pair as unknown as { ordinal: number }).ordinal, pair.weight])).sort((a, b) => a[0]! - b[0]!)).toEqual(
      pairs.map(({ ordinal, weight }) => [ordinal, weight]),
    );
    expect((await get(`/v1/pair-sets/${sets[0].id}/pairs`)).body.data[0].weight).toBeNull();
    await post('/v1/pair-sets/preview', { criterionVersionId, pairWeights: 'reliability' }).expect(200);
  });

  test('cannot weigh labelers who share no completion', async () => {
    const criterionVersionId = await givenCriterionVersion(t);
    const { completionIds } = await givenPrompt(t, 'apart', [{ text: 'a' }, { text: 'b' }]);
    for (const [i, name] of ['dan', 'eve'].entries()) {
      await post('/v1/ratings', { completionId: completionIds[i], criterionVersionId, labelerId: await givenLabeler(t, name), score: i + 1 });
    }
    const { body } = await post('/v1/pair-sets', { criterionVersionId, aggregation: 'reliability-weighted' }).expect(202);
    expect(await settled(worker, body.jobId)).toMatchObject({ state: 'failed', error: { code: 'no_shared_ratings' } });
  });

  test('keeps ties when asked to, with labels that say so, and exports without them', async () => {
    const set = await built({ ties: 'keep' });
    const { data } = (await get(`/v1/pair-sets/${set.id}/pairs`)).body;
    expect(data.filter((pair: { tie: boolean }) => pair.tie)).toMatchObject([{ labels: [0.5, 0.5], chosen: { score: 3 }, rejected: { score: 3 } }]);
    const { body: text, headers } = await get(`/v1/pair-sets/${set.id}/export`).buffer(true).parse(asText).expect(200);
    expect(headers['content-type']).toBe('application/x-ndjson');
    const lines = (text as string).trimEnd().split('\n').map((line) => JSON.parse(line));
    const untied = data.filter((pair: { tie: boolean }) => !pair.tie);
    expect(lines).toEqual(
      untied.map((pair: { chosen: { text: string }; rejected: { text: string } }) => ({
        prompt: 'say "hi"\n',
        chosen: pair.chosen.text,
        rejected: pair.rejected.text,
      })),
    );
    expect((await get(`/v1/pair-sets/${set.id}/export?split=eval`).buffer(true).parse(asText)).body).toBe('');
  });

  test('tells how far the content-blind rules and the labelers themselves get', async () => {
    const set = await built({ ties: 'keep' });
    const { body } = await get(`/v1/pair-sets/${set.id}/diagnostics`).expect(200);
    expect(body).toMatchObject({
      ratings: 12,
      completions: 4,
      decidedByPreference: 0,
      prompts: 1,
      promptsWithPairs: 1,
      possiblePairs: 6,
      tiesFound: 1,
      tiesDropped: 0,
      belowMargin: 0,
      notSampled: 0,
      margins: [
        { from: 0, to: 0, pairs: 1 },
        { from: 1, to: 1, pairs: 4 },
        { from: 2, to: 2, pairs: 1 },
      ],
      pairsPerPrompt: { min: 6, median: 6, mean: 6, max: 6 },
    });
    const { train, eval: held } = body.splits;
    expect(held).toMatchObject({ pairs: 0, nulls: { longest: { accuracy: null } } });
    // Lengths 5, 8, 18, 8 and means 2, 3, 4, 3: longer is always better. Shown in the order of the ids: of the
    // five untied pairs only (third, fourth) has its winner shown first.
    expect(train).toMatchObject({ pairs: 6, ties: 1, prompts: 1 });
    expect(train.nulls).toEqual({
      longest: { accuracy: 1, pairs: 5 },
      shortest: { accuracy: 0, pairs: 5 },
      first: { accuracy: 0.2, pairs: 5 },
      // third-first: ann and bob say so, cyd is even. third-second: ann and bob against cyd. third-fourth: ann
      // and bob, cyd even. second-first: all three. fourth-first: ann and bob, cyd even.
      majority: { accuracy: 1, pairs: 5 },
    });
    // Untied pairs of labelers: third-first 1 of 1, third-second 1 of 3, third-fourth 1 of 1, second-first 3 of 3,
    // fourth-first 1 of 1; tied second-fourth: ann against cyd, bob even, 0 of 1.
    expect(train.labelerAgreement).toEqual({ share: 0.7, comparisons: 10 });
    // Ann alone has positions; she ordered all six pairs and preferred the earlier only in (third, fourth).
    expect(train.positionBias).toEqual({ firstPreferred: 1 / 6, orderings: 6 });
  });

  test('a preview counts the same and writes nothing', async () => {
    const before = (await get('/v1/pair-sets')).body.data.length;
    const { body } = await post('/v1/pair-sets/preview', { criterionVersionId: version, ties: 'keep', evalFraction: 0 }).expect(200);
    expect(body).toEqual({
      ratings: 12,
      completions: 4,
      decidedByPreference: 0,
      prompts: 1,
      possiblePairs: 6,
      tiesFound: 1,
      pairs: 6,
      splits: { train: { pairs: 6, ties: 1, prompts: 1 }, eval: { pairs: 0, ties: 0, prompts: 0 } },
    });
    const sampled = { criterionVersionId: version, strategy: 'sample', pairsPerPrompt: 2, minimumMargin: 1 };
    expect((await post('/v1/pair-sets/preview', sampled).expect(200)).body.pairs).toBe(2);
    expect((await get('/v1/pair-sets')).body.data).toHaveLength(before);
  });

  test('is linked to its criterion version', async () => {
    const set = await built();
    const { rows } = await withSql(t, (sql) =>
      sql.query('SELECT parent_type, parent_id, relation FROM lineage_edges WHERE child_id = $1', [set.id]),
    );
    expect(rows).toEqual([{ parent_type: 'criterion_version', parent_id: version, relation: 'criterion' }]);
  });

  test('without any pair is a failed job that says why, and can be retried when there are ratings', async () => {
    const empty = await givenCriterionVersion(t);
    const { body } = await post('/v1/pair-sets', { criterionVersionId: empty }).expect(202);
    const job = await settled(worker, body.jobId);
    expect(job).toMatchObject({ state: 'failed', error: { code: 'no_pairs' } });
    for (const path of ['pairs', 'diagnostics', 'export']) {
      expect((await get(`/v1/pair-sets/${body.id}/${path}`).expect(409)).body.code).toBe('pair_set_failed');
    }
    const labelerId = (await get('/v1/labelers?externalId=ann')).body.data[0].id;
    for (const [i, score] of [1, 2].entries()) {
      await post('/v1/ratings', { completionId: completions[i], criterionVersionId: empty, labelerId, score }).expect(201);
    }
    await post(`/v1/jobs/${body.jobId}/retry`, {});
    expect((await settled(worker, body.jobId)).state).toBe('succeeded');
    expect((await get(`/v1/pair-sets/${body.id}`)).body.pairCount).toBe(1);
  });
});

describe('bad requests', () => {
  test.each([
    [{ criterionVersionId: newId() }, 422, 'criterion_version_not_found'],
    [{ promptSetId: newId() }, 422, 'prompt_set_not_found'],
    [{ completionBatchId: newId() }, 422, 'completion_batch_not_found'],
    [{ labelerIds: [newId()] }, 422, 'labeler_not_found'],
    [{ labelerIds: [] }, 422, 'validation_failed'],
    [{ strategy: 'sample' }, 422, 'validation_failed'],
    [{ strategy: 'some' }, 422, 'validation_failed'],
    [{ pairsPerPrompt: 3 }, 422, 'validation_failed'],
    [{ evalFraction: 1 }, 422, 'validation_failed'],
    [{ seed: 1.5 }, 422, 'validation_failed'],
    [{ sead: 1 }, 422, 'unknown_field'],
  ])('%j', async (fields, status, code) => {
    for (const path of ['/v1/pair-sets', '/v1/pair-sets/preview']) {
      expect((await post(path, { criterionVersionId: version, ...fields }).expect(status)).body.code).toBe(code);
    }
  });

  test('a draft, an unknown set, a missing scope', async () => {
    const draft = await givenCriterionVersion(t, 5, false);
    expect((await post('/v1/pair-sets', { criterionVersionId: draft }).expect(409)).body.code).toBe('criterion_version_not_published');
    expect((await get(`/v1/pair-sets/${newId()}`).expect(404)).body.code).toBe('pair_set_not_found');
    const reader = await t.keyWith('pairs:read');
    await request(t.http).post('/v1/pair-sets').set(reader).send({ criterionVersionId: version }).expect(403);
  });
});

/** Reads the body as one text; supertest knows no NDJSON. */
function asText(response: request.Response, done: (error: Error | null, body: string) => void): void {
  const stream = response as unknown as NodeJS.ReadableStream;
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  stream.on('end', () => done(null, text));
}
