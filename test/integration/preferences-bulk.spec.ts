// Rankings and comparisons in bulk, and by names of the poster's own.
import request from 'supertest';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newId } from '#src/common/id.js';
import { givenVendor } from '../factories/labeling.js';
import { givenCriterionVersion, givenLabeler, givenPrompt, withSql } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';

let t: TestApp;
let version: string;
let draft: string;
let ann: string;
let [a, b, c, stranger]: string[] = [];

beforeAll(async () => {
  t = await createTestApp();
  version = await givenCriterionVersion(t);
  draft = await givenCriterionVersion(t, 5, false);
  ann = await givenLabeler(t, 'ann');
  const named = ['a', 'b', 'c'].map((text) => ({ text, externalId: `one/${text}` }));
  [a, b, c] = (await givenPrompt(t, 'one', named)).completionIds;
  [stranger] = (await givenPrompt(t, 'two', [{ text: 'd', externalId: 'two/d' }])).completionIds;
});
afterAll(() => t.close());

const post = (path: string, body: object, key = t.admin) => request(t.http).post(`/v1${path}`).set(key).send(body);
const get = async (id: string) => (await request(t.http).get(`/v1/preferences/${id}`).set(t.admin).expect(200)).body;
const bulk = (path: string, lines: (object | string)[], key = t.admin) =>
  request(t.http)
    .post(`/v1${path}/bulk`)
    .set(key)
    .set('content-type', 'application/x-ndjson')
    .send(lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));
const outcomes = (body: { items: { code?: string; status: string; errors?: { pointer: string }[] }[] }) =>
  body.items.map(({ code, status, errors }) => (errors ? [code, errors[0].pointer] : [status]));

const judge = (fields: object = {}) => ({ criterionVersionId: version, labelerExternalId: 'ann', ...fields });
const byIds = (fields: object = {}) => judge({ completionIds: [a, b], preferredCompletionId: b, ...fields });
const byNames = (fields: object = {}) => judge({ completionExternalIds: ['one/a', 'one/b'], preferredCompletionExternalId: 'one/b', ...fields });
const ranked = (fields: object = {}) => judge({ ranking: [[b], [a, c]], ...fields });
const rankedByNames = (fields: object = {}) => judge({ rankingExternalIds: [['one/b'], ['one/a', 'one/c']], ...fields });

/** Lines with what becomes of each, and what the single route makes of the same. */
const judgements = (): [object, string[]][] => [
  [byIds(), ['created']],
  [byNames(), ['created']],
  [byNames({ labelerExternalId: undefined, labelerId: ann.toUpperCase() }), ['created']],
  [byNames({ preferredCompletionExternalId: null }), ['created']],
  [byNames({ preferredCompletionExternalId: undefined, preferredCompletionId: null }), ['created']],
  [byNames({ preferredCompletionExternalId: null, preferredCompletionId: b.toUpperCase() }), ['created']],
  [byIds({ completionIds: [a.toUpperCase(), b] }), ['created']],
  [byIds({ completionExternalIds: ['one/a', 'one/b'] }), ['validation_failed', '/completionIds']],
  [judge({ preferredCompletionId: b }), ['validation_failed', '/completionIds']],
  [byNames({ preferredCompletionExternalId: undefined }), ['validation_failed', '/preferredCompletionId']],
  [byNames({ preferredCompletionId: b }), ['validation_failed', '/preferredCompletionId']],
  [byNames({ labelerId: ann }), ['validation_failed', '/labelerId']],
  [byIds({ completionIds: [a, a.toUpperCase()] }), ['validation_failed', '/completionIds']],
  [byNames({ completionExternalIds: ['one/a', 'one/a'] }), ['validation_failed', '/completionExternalIds']],
  [byNames({ completionExternalIds: ['one/a', ''] }), ['validation_failed', '/completionExternalIds']],
  [byNames({ completionExternalIds: ['one/a', 'x\0'] }), ['validation_failed', '/completionExternalIds/1']],
  [byNames({ preferred: 'one/b' }), ['unknown_field', '/preferred']],
  [byNames({ preferredCompletionExternalId: 'one/c' }), ['ranking_inconsistent', '/preferredCompletionExternalId']],
  [byIds({ preferredCompletionId: c }), ['ranking_inconsistent', '/preferredCompletionId']],
  [byNames({ completionExternalIds: ['one/a', 'nowhere'], preferredCompletionExternalId: 'one/a' }), ['completion_not_found', '/completionExternalIds']],
  [byIds({ completionIds: [newId(), b] }), ['completion_not_found', '/completionIds']],
  [byNames({ completionExternalIds: ['one/b', 'two/d'] }), ['ranking_inconsistent', '/completionExternalIds']],
  [byNames({ labelerExternalId: 'nobody' }), ['labeler_not_found', '/labelerExternalId']],
  [byNames({ criterionVersionId: newId() }), ['criterion_version_not_found', '/criterionVersionId']],
  [byNames({ criterionVersionId: draft }), ['criterion_version_not_published', '/criterionVersionId']],
];
const rankings = (): [object, string[]][] => [
  [ranked({ shownOrder: [c, a, b] }), ['created']],
  [rankedByNames({ shownOrderExternalIds: ['one/c', 'one/a', 'one/b'] }), ['created']],
  [rankedByNames({ shownOrder: [c.toUpperCase(), a, b] }), ['created']],
  [ranked({ ranking: [[b.toUpperCase()], [a]] }), ['created']],
  [ranked({ rankingExternalIds: [['one/a'], ['one/b']] }), ['validation_failed', '/ranking']],
  [judge(), ['validation_failed', '/ranking']],
  [ranked({ shownOrder: [c, a, b], shownOrderExternalIds: ['one/c', 'one/a', 'one/b'] }), ['validation_failed', '/shownOrder']],
  [rankedByNames({ rankingExternalIds: ['one/a', 'one/b'] }), ['validation_failed', '/rankingExternalIds']],
  [rankedByNames({ rankingExternalIds: [['one/a'], ['\ud800']] }), ['validation_failed', '/rankingExternalIds/1/0']],
  [ranked({ ranking: [[a], [a.toUpperCase()]] }), ['ranking_inconsistent', '/ranking/1/0']],
  [rankedByNames({ rankingExternalIds: [['one/a', 'one/b'], ['one/a']] }), ['ranking_inconsistent', '/rankingExternalIds/1/0']],
  [rankedByNames({ rankingExternalIds: [['one/a'], []] }), ['ranking_inconsistent', '/rankingExternalIds/1']],
  [rankedByNames({ rankingExternalIds: [['one/a']] }), ['ranking_inconsistent', '/rankingExternalIds']],
  [rankedByNames({ shownOrderExternalIds: ['one/c', 'one/a'] }), ['ranking_inconsistent', '/shownOrderExternalIds']],
  [rankedByNames({ rankingExternalIds: [['one/a'], ['nowhere']] }), ['completion_not_found', '/rankingExternalIds']],
  [ranked({ ranking: [[a], [stranger]] }), ['ranking_inconsistent', '/ranking']],
];

it.each([
  ['/preference-judgements', judgements],
  ['/rankings', rankings],
])('case 63: %s in bulk takes and refuses line by line what the single route does', async (path, given) => {
  const lines = given().map(([line]) => line);
  const wanted = given().map(([, outcome]) => outcome);
  const { body } = await bulk(path, [...lines, '{"completionIds": oops', '[]']).expect(200);
  expect(outcomes(body)).toEqual([...wanted, ['malformed_json', ''], ['validation_failed', '']]);
  for (const [i, line] of lines.entries()) {
    const { status, body: single } = await post(path, line);
    if (wanted[i].length === 2) {
      expect([status >= 400, single.code, single.errors[0]]).toEqual([true, wanted[i][0], body.items[i].errors[0]]);
    } else {
      expect([status, single]).toEqual([201, { ...(await get(body.items[i].id)), id: single.id, createdAt: single.createdAt }]);
    }
  }
});

it('case 63: what is named by external ids is kept as if it had been named by ids', async () => {
  const details = { timeSpentMs: 0, rationale: 'tab\tnewline\nback\\slash \\N "quoted" 猫', flags: ['unsafe', 'off_topic'], externalId: 'odd \t\n\\' };
  const { body } = await bulk('/preference-judgements', [byNames(details), byNames({ preferredCompletionExternalId: null })]).expect(200);
  expect(await get(body.items[0].id)).toMatchObject({ ...details, kind: 'comparison', labelerId: ann, ranking: [[b], [a]], shownOrder: [a, b] });
  expect((await get(body.items[1].id)).ranking.flat().sort()).toEqual([a, b].sort());
  const { body: ranks } = await bulk('/rankings', [rankedByNames({ shownOrderExternalIds: ['one/c', 'one/a', 'one/b'] }), rankedByNames()]).expect(200);
  expect(await get(ranks.items[0].id)).toMatchObject({ kind: 'ranking', ranking: [[b], expect.arrayContaining([a, c])], shownOrder: [c, a, b], flags: [] });
  expect(await get(ranks.items[1].id)).toMatchObject({ shownOrder: null, externalId: null, timeSpentMs: null });
  // A refusal names what the caller named.
  const { body: refused } = await post('/rankings', rankedByNames({ rankingExternalIds: [['one/a'], ['one/a']] })).expect(422);
  expect(refused.errors[0].value).toBe('one/a');
});

it('case 63: the same under its externalId is a duplicate, other content a conflict, in one body, across bodies and beside the single route', async () => {
  const first = byNames({ externalId: 'twice', rationale: 'clear' });
  const lines = [first, first, byIds({ externalId: 'twice', rationale: 'clear' }), byNames({ externalId: 'twice' }), byNames({ externalId: 'other' })];
  const wanted = [['created'], ['duplicate'], ['duplicate'], ['external_id_conflict', '/externalId'], ['created']];
  const { body } = await bulk('/preference-judgements', lines).expect(200);
  expect(outcomes(body)).toEqual(wanted);
  expect([body.items[1].id, body.items[2].id]).toEqual([body.items[0].id, body.items[0].id]);
  const { body: again } = await bulk('/preference-judgements', lines).expect(200);
  expect(again).toMatchObject({ created: 0, duplicates: 4, failed: 1 });
  expect((await post('/preference-judgements', first).expect(200)).body.id).toBe(body.items[0].id);
  expect((await post('/preference-judgements', byNames({ externalId: 'twice' })).expect(409)).body.errors[0]).toEqual(body.items[3].errors[0]);
  // One name space for both kinds; within a tie the order means nothing.
  expect(outcomes((await bulk('/rankings', [ranked({ externalId: 'twice' })]).expect(200)).body)).toEqual([['external_id_conflict', '/externalId']]);
  const tied = await bulk('/rankings', [ranked({ externalId: 'tie' }), ranked({ externalId: 'tie', ranking: [[b], [c, a]] })]).expect(200);
  expect(outcomes(tied.body)).toEqual([['created'], ['duplicate']]);
});

it('case 63: thousands of lines are sets, with one conflict across them, and nothing half written', async () => {
  const lines = Array.from({ length: 5001 }, (_, i) => byIds({ externalId: `many-${i === 4500 ? 7 : i}`, preferredCompletionId: [a, b, null][i % 3] }));
  const { body } = await bulk('/preference-judgements', lines).expect(200);
  expect(body).toMatchObject({ created: 5000, failed: 1 });
  expect(body.items[4500]).toMatchObject({ line: 4501, code: 'external_id_conflict' });
  const [counts] = await withSql(t, async (sql) => {
    const { rows } = await sql.query(`SELECT count(DISTINCT p.id)::int AS preferences, count(*)::int AS ranks FROM preferences p
      JOIN preference_ranks k ON k.preference_id = p.id WHERE external_id LIKE 'many-%'`);
    return rows;
  });
  expect(counts).toEqual({ preferences: 5000, ranks: 10_000 });
  const { body: again } = await bulk('/preference-judgements', lines).expect(200);
  expect(again).toMatchObject({ created: 0, duplicates: 5000, failed: 1 });
});

it('case 63: a vendor posts in bulk of what was leased to it, through its own labelers', async () => {
  const acme = await givenVendor(t, 'acme', ['a-1']);
  const lines = [byNames({ labelerExternalId: 'a-1', externalId: 'many-1' }), byNames()];
  const send = async () => outcomes((await bulk('/preference-judgements', lines, acme.key).expect(200)).body);
  expect(await send()).toEqual([['criterion_version_not_found', '/criterionVersionId'], ['criterion_version_not_found', '/criterionVersionId']]);
  const batch = { name: 'leased', mode: 'rank', criterionVersionId: version, completionIds: [a, b, c], vendorIds: [acme.id] };
  const { body: made } = await post('/labeling-batches', batch).expect(201);
  expect(await send()).toEqual([['completion_not_found', '/completionExternalIds'], ['labeler_not_found', '/labelerExternalId']]);
  await post(`/labeling-batches/${made.id}/tasks/claim`, { labelerExternalId: 'a-1' }, acme.key).expect(200);
  // The owner's `many-1` is another one.
  expect(await send()).toEqual([['created'], ['labeler_not_found', '/labelerExternalId']]);
  expect(outcomes((await bulk('/rankings', [rankedByNames({ labelerExternalId: 'a-1' })], acme.key).expect(200)).body)).toEqual([['created']]);
});

it('case 63: another media type and a key without the scope are refused', async () => {
  for (const path of ['/preference-judgements', '/rankings']) {
    expect((await bulk(path, []).expect(200)).body).toEqual({ created: 0, duplicates: 0, failed: 0, items: [] });
    expect((await post(`${path}/bulk`, byNames()).expect(415)).body.code).toBe('unsupported_media_type');
    await bulk(path, [], await t.keyWith('ratings:read')).expect(403);
  }
});
