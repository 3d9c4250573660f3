import type { Client } from 'pg';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#src/common/id.js';
import { connect, givenCriterionVersion, givenLabeler, givenPrompt, withSql } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';

let t: TestApp;
let completions: string[];
let version: string;
let labeler: string;

beforeAll(async () => {
  t = await createTestApp();
  const texts = ['one', 'two', 'three'].map((text) => ({ text, externalId: `completion-${text}` }));
  completions = (await givenPrompt(t, 'count', texts)).completionIds;
  version = await givenCriterionVersion(t);
  labeler = await givenLabeler(t, 'ann');
});
afterAll(() => t.close());

const post = (path: string, body: object) => request(t.http).post(path).set(t.admin).send(body);
const get = (path: string) => request(t.http).get(path).set(t.admin);
const bulk = (lines: (object | string)[]) =>
  request(t.http)
    .post('/v1/ratings/bulk')
    .set(t.admin)
    .set('content-type', 'application/x-ndjson')
    .send(lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));
const rating = (fields: object = {}) => ({
  completionId: completions[0],
  criterionVersionId: version,
  labelerId: labeler,
  score: 3,
  ...fields,
});

describe('criteria', () => {
  const scale = [
    { value: 1, label: 'bad' },
    { value: 2, label: 'good', description: 'answers from the facts' },
  ];

  test('versions are numbered, drafts are published once and never change', async () => {
    const { body: criterion } = await post('/v1/criteria', { name: 'numbered' }).expect(201);
    expect((await post('/v1/criteria', { name: 'numbered' }).expect(409)).body.code).toBe('criterion_exists');
    const { body: first } = await post(`/v1/criteria/${criterion.id}/versions`, { instructions: 'a', scale }).expect(201);
    const { body: second } = await post(`/v1/criteria/${criterion.id}/versions`, { instructions: 'b', scale, publish: true });
    expect(first).toMatchObject({ number: 1, state: 'draft', publishedAt: null, scale });
    expect(second).toMatchObject({ number: 2, state: 'published' });
    const { body: published } = await post(`/v1/criteria/${criterion.id}/versions/1/publish`, {}).expect(200);
    expect(published).toMatchObject({ id: first.id, state: 'published' });
    expect((await post(`/v1/criteria/${criterion.id}/versions/1/publish`, {}).expect(200)).body).toEqual(published);
    expect((await get(`/v1/criterion-versions/${first.id}`).expect(200)).body).toEqual(published);
    expect((await get(`/v1/criteria/${criterion.id}/versions`)).body.data).toEqual([published, second]);
    expect((await get('/v1/criteria?name=numbered')).body.data).toEqual([criterion]);
    const told = await withSql(t, (sql) =>
      sql.query(`SELECT data FROM domain_events WHERE type = 'criterion_version.published' AND data->>'criterionId' = $1 ORDER BY id`, [criterion.id]),
    );
    // Once each, though one of them was published twice.
    expect(told.rows.map(({ data }) => data)).toEqual([second.id, first.id].map((criterionVersionId) => ({ criterionId: criterion.id, criterionVersionId })));
    await request(t.http).patch(`/v1/criterion-versions/${first.id}`).set(t.admin).send({ instructions: 'c' }).expect(405);
  });

  test.each([
    [[scale[0]], 'validation_failed', '/scale'],
    [[scale[1], scale[0]], 'scale_not_increasing', '/scale/1/value'],
    [[scale[0], scale[0]], 'scale_not_increasing', '/scale/1/value'],
    [[scale[0], { value: '2', label: 'x' }], 'validation_failed', '/scale/1/value'],
    [[scale[0], { value: 2, label: 'x', colour: 'red' }], 'unknown_field', '/scale/1/colour'],
    [[scale[0], null], 'validation_failed', '/scale/1'],
    ['1..5', 'validation_failed', '/scale'],
  ])('bad scale %#', async (given, code, pointer) => {
    const { body: criterion } = await post('/v1/criteria', { name: newId() });
    const { body } = await post(`/v1/criteria/${criterion.id}/versions`, { instructions: 'a', scale: given }).expect(422);
    expect(body.code).toBe(code);
    expect(body.errors[0].pointer).toBe(pointer);
    expect((await get(`/v1/criteria/${criterion.id}/versions`)).body.data).toEqual([]);
  });

  test('what is not there is a 404 with its code', async () => {
    expect((await get(`/v1/criteria/${newId()}`).expect(404)).body.code).toBe('criterion_not_found');
    expect((await get(`/v1/criterion-versions/${newId()}`).expect(404)).body.code).toBe('criterion_version_not_found');
    expect((await post(`/v1/criteria/${newId()}/versions`, { instructions: 'a', scale }).expect(404)).body.code).toBe('criterion_not_found');
  });
});

test('a labeler has one external id', async () => {
  const body = { externalId: 'bob', displayName: 'Bob', simulated: true };
  const { body: bob } = await post('/v1/labelers', body).expect(201);
  expect(bob).toMatchObject({ ...body, vendorId: null });
  expect((await get(`/v1/labelers/${bob.id}`)).body).toEqual(bob);
  expect((await get('/v1/labelers?externalId=bob')).body.data).toEqual([bob]);
  expect((await post('/v1/labelers', body).expect(200)).body).toEqual(bob);
  const { body: refused } = await post('/v1/labelers', { ...body, displayName: 'Rob' }).expect(409);
  expect(refused.code).toBe('labeler_exists');
  expect(refused.errors[0].message).toContain(bob.id);
});

describe('one rating', () => {
  test('is kept as it was posted, under either name of completion and labeler', async () => {
    const fields = { score: 4, position: 1, timeSpentMs: 900, rationale: 'fine 猫', externalId: 'kept' };
    const { body } = await post('/v1/ratings', {
      completionExternalId: 'completion-two',
      criterionVersionId: version,
      labelerExternalId: 'ann',
      ...fields,
    }).expect(201);
    expect(body).toMatchObject({ ...fields, completionId: completions[1], labelerId: labeler, supersedesId: null });
    expect((await get(`/v1/ratings/${body.id}`).expect(200)).body).toEqual(body);
    expect((await get(`/v1/ratings?completionId=${completions[1]}`)).body.data).toEqual([body]);
  });

  test.each([
    [() => ({ score: 2.5 }), 422, 'score_out_of_scale', '/score'],
    [() => ({ score: 6 }), 422, 'score_out_of_scale', '/score'],
    [() => ({ score: '3' }), 422, 'validation_failed', '/score'],
    [() => ({ completionId: newId() }), 422, 'completion_not_found', '/completionId'],
    [() => ({ completionId: undefined, completionExternalId: 'nope' }), 422, 'completion_not_found', '/completionExternalId'],
    [() => ({ labelerId: newId() }), 422, 'labeler_not_found', '/labelerId'],
    [() => ({ labelerId: undefined, labelerExternalId: 'nope' }), 422, 'labeler_not_found', '/labelerExternalId'],
    [() => ({ criterionVersionId: newId() }), 422, 'criterion_version_not_found', '/criterionVersionId'],
    [() => ({ completionExternalId: 'completion-one' }), 422, 'validation_failed', '/completionId'],
    [() => ({ labelerId: undefined }), 422, 'validation_failed', '/labelerId'],
    [() => ({ position: -1 }), 422, 'validation_failed', '/position'],
    [() => ({ rationale: 'a\0b' }), 422, 'validation_failed', '/rationale'],
    [() => ({ stars: 5 }), 422, 'unknown_field', '/stars'],
  ])('bad rating %#', async (fields, status, code, pointer) => {
    const { body } = await post('/v1/ratings', rating({ ...fields(), externalId: 'never' })).expect(status);
    expect(body.code).toBe(code);
    expect(body.errors[0].pointer).toBe(pointer);
    const stored = await withSql(t, (sql) => sql.query(`SELECT FROM ratings WHERE external_id = 'never'`));
    expect(stored.rowCount).toBe(0);
  });

  test('a score off the scale is told what the scale is', async () => {
    const { body } = await post('/v1/ratings', rating({ score: 9 })).expect(422);
    expect(body.errors[0]).toMatchObject({ message: 'score must be one of the values of the scale: 1, 2, 3, 4, 5', value: '9' });
  });

  test('a draft cannot be rated against until it is published', async () => {
    const draft = await givenCriterionVersion(t, 5, false);
    const refused = await post('/v1/ratings', rating({ criterionVersionId: draft })).expect(409);
    expect(refused.body.code).toBe('criterion_version_not_published');
    const { criterionId } = (await get(`/v1/criterion-versions/${draft}`)).body;
    await post(`/v1/criteria/${criterionId}/versions/1/publish`, {}).expect(200);
    await post('/v1/ratings', rating({ criterionVersionId: draft })).expect(201);
  });

  test('an external id is taken once', async () => {
    const { body: first } = await post('/v1/ratings', rating({ externalId: 'once' })).expect(201);
    expect((await post('/v1/ratings', rating({ externalId: 'once' })).expect(200)).body).toEqual(first);
    const { body } = await post('/v1/ratings', rating({ externalId: 'once', score: 1 })).expect(409);
    expect(body.code).toBe('external_id_conflict');
    expect(body.errors[0].message).toContain(first.id);
  });

  test('scopes are asked for', async () => {
    const reader = await t.keyWith('ratings:read');
    const { body } = await request(t.http).post('/v1/ratings').set(reader).send(rating()).expect(403);
    expect(body.code).toBe('scope_missing');
  });
});

describe('corrections', () => {
  test('a rating is superseded by a new one, once', async () => {
    const { body: old } = await post('/v1/ratings', rating({ completionId: completions[2], position: 2 })).expect(201);
    const { body: corrected } = await post(`/v1/ratings/${old.id}/supersede`, { score: 5, rationale: 'misread' }).expect(201);
    expect(corrected).toMatchObject({ supersedesId: old.id, score: 5, position: 2, completionId: old.completionId });
    const { body: again } = await post(`/v1/ratings/${old.id}/supersede`, { score: 1 }).expect(409);
    expect(again.code).toBe('already_superseded');
    expect(again.detail).toContain(corrected.id);
    const list = async (query: string) =>
      (await get(`/v1/ratings?completionId=${completions[2]}${query}`)).body.data.map((r: { id: string }) => r.id);
    expect(await list('')).toEqual([corrected.id]);
    expect(await list('&includeSuperseded=true')).toEqual([old.id, corrected.id]);
    expect(await list('&includeSuperseded=false')).toEqual([corrected.id]);
    await get('/v1/ratings?includeSuperseded=maybe').expect(422);
    expect((await post(`/v1/ratings/${corrected.id}/supersede`, { score: 8 }).expect(422)).body.code).toBe('score_out_of_scale');
    expect((await post(`/v1/ratings/${newId()}/supersede`, { score: 1 }).expect(404)).body.code).toBe('rating_not_found');
  });

  test('the database refuses to change or delete a rating', async () => {
    await withSql(t, async (sql) => {
      await expect(sql.query('UPDATE ratings SET score = 1')).rejects.toThrow('append-only');
      await expect(sql.query('DELETE FROM ratings')).rejects.toThrow('append-only');
    });
  });
});

describe('what a rating refers to', () => {
  /** Sets are checked in another way than single rows. */
  const insert = (fields: object, count = 1) => {
    const row = { id: newId(), completion_id: completions[0], criterion_version_id: version, labeler_id: labeler, vendor_id: null, flags: [], score: 1, created_at: new Date(), ...fields };
    const rows = Array.from({ length: count }, (_, i) => (i === 0 ? row : { ...row, id: newId(), completion_id: completions[i], ...(i > 1 && fields) }));
    return (client: Client) => client.query('INSERT INTO ratings SELECT * FROM jsonb_populate_recordset(NULL::ratings, $1)', [JSON.stringify(rows)]);
  };

  test.each(['completion_id', 'criterion_version_id', 'labeler_id', 'vendor_id'])('must be there: %s', async (column) => {
    await withSql(t, async (client) => {
      for (const count of [1, 3]) await expect(insert({ [column]: newId() }, count)(client)).rejects.toMatchObject({ code: '23503', constraint: `ratings_${column}_fkey`, table: 'ratings' });
    });
  });

  test('cannot go, nor change its id, while there are ratings of it', async () => {
    await withSql(t, async (client) => {
      await insert({})(client);
      for (const [table, id] of [['completions', completions[0]], ['criterion_versions', version], ['labelers', labeler]]) {
        await expect(client.query(`DELETE FROM ${table} WHERE id = $1`, [id])).rejects.toMatchObject({ code: '23503' });
        await expect(client.query(`UPDATE ${table} SET id = $2 WHERE id = $1`, [id, newId()])).rejects.toMatchObject({ code: '23503' });
        await client.query(`UPDATE ${table} SET id = id WHERE id = $1`, [id]);
      }
      await expect(client.query('TRUNCATE completions CASCADE')).rejects.toThrow();
      const { completionIds } = await givenPrompt(t, 'unrated', [{ text: 'x' }]);
      await client.query('DELETE FROM completions WHERE id = $1', [completionIds[0]]);
    });
  });

  test('whoever comes second waits for the first: the rating or the deletion', async () => {
    const { completionIds } = await givenPrompt(t, 'raced for', [{ text: 'x' }, { text: 'y' }]);
    const [rater, remover] = [await connect(t.database.url), await connect(t.database.url)];
    try {
      for (const client of [rater, remover]) await client.query('BEGIN');
      await insert({ completion_id: completionIds[0] })(rater);
      const removed = remover.query('DELETE FROM completions WHERE id = $1', [completionIds[0]]);
      removed.catch(() => undefined);
      await rater.query('COMMIT');
      await expect(removed).rejects.toMatchObject({ code: '23503' });
      for (const client of [rater, remover]) await client.query('ROLLBACK; BEGIN');
      await remover.query('DELETE FROM completions WHERE id = $1', [completionIds[1]]);
      const rated = insert({ completion_id: completionIds[1] })(rater);
      rated.catch(() => undefined);
      await remover.query('COMMIT');
      await expect(rated).rejects.toMatchObject({ code: '23503', constraint: 'ratings_completion_id_fkey' });
    } finally {
      await rater.end();
      await remover.end();
    }
  });
});

describe('bulk', () => {
  test('good lines land, each bad line says why, and posting again adds nothing', async () => {
    const draft = await givenCriterionVersion(t, 5, false);
    const lines = [
      rating({ externalId: 'bulk-1' }),
      '{"completionId": oops',
      rating({ externalId: 'bulk-2', completionId: undefined, completionExternalId: 'completion-two' }),
      rating({ stars: 5 }),
      rating({ score: '3' }),
      rating({ score: 7 }),
      rating({ completionId: newId() }),
      rating({ labelerId: undefined, labelerExternalId: 'nobody' }),
      rating({ criterionVersionId: draft }),
      rating({ externalId: 'bulk-1' }),
      rating({ externalId: 'bulk-1', score: 1 }),
      '[]',
      rating({ externalId: 'bulk-3', completionId: completions[0].toUpperCase() }),
    ];
    const { body } = await bulk(lines).expect(200);
    expect(body).toMatchObject({ created: 3, duplicates: 1, failed: 9 });
    expect(body.items.map((item: { line: number; code?: string; status: string }) => [item.line, item.code ?? item.status])).toEqual([
      [1, 'created'],
      [2, 'malformed_json'],
      [3, 'created'],
      [4, 'unknown_field'],
      [5, 'validation_failed'],
      [6, 'score_out_of_scale'],
      [7, 'completion_not_found'],
      [8, 'labeler_not_found'],
      [9, 'criterion_version_not_published'],
      [10, 'duplicate'],
      [11, 'external_id_conflict'],
      [12, 'validation_failed'],
      [13, 'created'],
    ]);
    expect(body.items[9].id).toBe(body.items[0].id);
    expect((await get(`/v1/ratings/${body.items[2].id}`)).body).toMatchObject({ externalId: 'bulk-2', completionId: completions[1] });
    const again = (await bulk([lines[0], lines[2], lines[12]]).expect(200)).body;
    expect(again).toMatchObject({ created: 0, duplicates: 3, failed: 0 });
    expect(again.items.map((item: { id: string }) => item.id)).toEqual([0, 2, 12].map((i) => body.items[i].id));
  });

  test('chunks follow one another: 5,001 lines with one conflict across chunks', async () => {
    const lines = Array.from({ length: 5001 }, (_, i) => rating({ externalId: `many-${i === 4500 ? 7 : i}`, score: 1 + (i % 5) }));
    const { body } = await bulk(lines).expect(200);
    expect(body).toMatchObject({ created: 5000, duplicates: 0, failed: 1 });
    expect(body.items[4500]).toMatchObject({ line: 4501, code: 'external_id_conflict' });
    expect(body.items).toHaveLength(5001);
    const stored = await withSql(t, (sql) => sql.query(`SELECT FROM ratings WHERE external_id LIKE 'many-%'`));
    expect(stored.rowCount).toBe(5000);
  });

  test('all fields arrive as they were sent, whatever stands in them', async () => {
    const { body: criterion } = await post('/v1/criteria', { name: newId() });
    const scale = [{ value: 1, label: 'bad' }, { value: 2.5, label: 'good' }];
    const dimensions = [{ name: 'honesty', weight: 1 }, { name: 'wit', weight: 3 }];
    const { body: ofTwo } = await post(`/v1/criteria/${criterion.id}/versions`, { instructions: 'a', scale, dimensions, publish: true }).expect(201);
    const lines = [
      rating({ externalId: 'odd \t\n\r\\', rationale: 'tab\tnewline\nreturn\r back\\slash \\N \\. "quoted" {a,b} 猫', position: 2, timeSpentMs: 0, flags: ['unsafe', 'off_topic'], score: 5 }),
      rating({ rationale: '\\N', flags: [], score: 1 }),
      rating({ criterionVersionId: ofTwo.id, score: undefined, dimensionScores: { honesty: 1, wit: 2.5 } }),
    ];
    const { body } = await bulk(lines).expect(200);
    expect(body).toMatchObject({ created: 3, failed: 0 });
    const stored = await Promise.all(body.items.map(async ({ id }: { id: string }) => (await get(`/v1/ratings/${id}`).expect(200)).body));
    expect(stored[0]).toMatchObject(lines[0]);
    expect(stored[1]).toMatchObject({ ...lines[1], externalId: null, position: null, timeSpentMs: null, dimensionScores: null });
    expect(stored[2]).toMatchObject({ dimensionScores: { honesty: 1, wit: 2.5 }, score: (1 + 3 * 2.5) / 4, flags: [] });
  });

  test('an Idempotency-Key gives the answer again, and adds nothing', async () => {
    const send = () => bulk([rating(), '{', rating({ score: 9 })]).set('Idempotency-Key', 'bulk-once').expect(200);
    const first = await send();
    expect(first.body).toMatchObject({ created: 1, failed: 2 });
    const again = await send();
    expect([again.headers['idempotency-replayed'], again.body]).toEqual(['true', first.body]);
  });

  test('a body beyond the limit is refused as a problem; what came before stays, and is a duplicate next time', async () => {
    const small = await createTestApp({ UPLOAD_LIMIT_BYTES: '300000' });
    try {
      const { completionIds } = await givenPrompt(small, 'small', [{ text: 'one' }]);
      const line = { completionId: completionIds[0], criterionVersionId: await givenCriterionVersion(small), labelerId: await givenLabeler(small, 'ann'), score: 2 };
      const body = Array.from({ length: 10_000 }, (_, i) => JSON.stringify({ ...line, externalId: `n-${i}` }));
      const sent = (text: string) => request(small.http).post('/v1/ratings/bulk').set(small.admin).set('content-type', 'application/x-ndjson').send(text);
      const refused = await sent(body.join('\n')).expect(413);
      expect(refused.body.code).toBe('body_too_large');
      const stored = await withSql(small, (sql) => sql.query('SELECT FROM ratings'));
      const again = await sent(body.slice(0, 1200).join('\n')).expect(200);
      expect(again.body).toMatchObject({ created: 1200 - stored.rowCount!, duplicates: stored.rowCount });
    } finally {
      await small.close();
    }
  });

  test('an empty body is an empty answer, another media type is refused', async () => {
    expect((await bulk([]).expect(200)).body).toEqual({ created: 0, duplicates: 0, failed: 0, items: [] });
    expect((await post('/v1/ratings/bulk', rating()).expect(415)).body.code).toBe('unsupported_media_type');
  });
});
