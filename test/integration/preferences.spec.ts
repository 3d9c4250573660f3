// Rankings and comparisons posted by themselves.
import request from 'supertest';
import { afterAll, beforeAll, expect, it, test } from 'vitest';
import { newId } from '#src/common/id.js';
import { givenVendor, type GivenVendor } from '../factories/labeling.js';
import { givenCriterionVersion, givenLabeler, givenPrompt, withSql } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';

let t: TestApp;
let version: string;
let acme: GivenVendor;
let [a, b, c, stranger]: string[] = [];

beforeAll(async () => {
  t = await createTestApp();
  version = await givenCriterionVersion(t);
  acme = await givenVendor(t, 'acme', ['a-1']);
  await givenLabeler(t, 'ann');
  [a, b, c] = (await givenPrompt(t, 'one', ['a', 'b', 'c'].map((text) => ({ text })))).completionIds;
  [stranger] = (await givenPrompt(t, 'two', [{ text: 'd' }])).completionIds;
});
afterAll(() => t.close());

const post = (path: string, body: object, key = t.admin) => request(t.http).post(`/v1${path}`).set(key).send(body);
const get = (path: string, key = t.admin) => request(t.http).get(`/v1${path}`).set(key);
const ranking = (fields: object = {}) => ({ criterionVersionId: version, labelerExternalId: 'ann', ranking: [[b], [a, c]], ...fields });
const comparison = (fields: object = {}) => ({ criterionVersionId: version, labelerExternalId: 'ann', completionIds: [a, b], preferredCompletionId: b, ...fields });

test('a ranking is kept as it was posted, and corrected once', async () => {
  const fields = { shownOrder: [c, a, b], timeSpentMs: 5000, rationale: 'clear', flags: ['off_topic'], externalId: 'r-1' };
  const { body } = await post('/rankings', ranking(fields)).expect(201);
  expect(body).toMatchObject({ ...fields, kind: 'ranking', criterionVersionId: version, supersedesId: null, labelingTaskId: null });
  expect(body.ranking.map((group: string[]) => [...group].sort())).toEqual([[b], [a, c].sort()]);
  expect((await get(`/preferences/${body.id}`).expect(200)).body).toEqual(body);
  const { body: corrected } = await post(`/preferences/${body.id}/supersede`, { ranking: [[a], [b], [c]] }).expect(201);
  expect(corrected).toMatchObject({ supersedesId: body.id, ranking: [[a], [b], [c]], shownOrder: [c, a, b], externalId: null });
  expect((await post(`/preferences/${body.id}/supersede`, { ranking: [[a], [b], [c]] }).expect(409)).body.code).toBe('already_superseded');
  expect((await post(`/preferences/${corrected.id}/supersede`, { ranking: [[a], [b]] }).expect(422)).body.code).toBe('ranking_inconsistent');
  expect((await get(`/preferences?criterionVersionId=${version}`).expect(200)).body.data).toEqual([corrected]);
  await withSql(t, async (sql) => {
    await expect(sql.query(`UPDATE preferences SET kind = 'comparison'`)).rejects.toThrow('append-only');
    await expect(sql.query('DELETE FROM preference_ranks')).rejects.toThrow('append-only');
  });
});

test('a comparison is a ranking of two, a tie too', async () => {
  const { body } = await post('/preference-judgements', comparison()).expect(201);
  expect(body).toMatchObject({ kind: 'comparison', ranking: [[b], [a]], shownOrder: [a, b] });
  const { body: tie } = await post('/preference-judgements', comparison({ preferredCompletionId: null })).expect(201);
  expect(tie.ranking).toHaveLength(1);
});

test.each([
  ['/rankings', () => ranking({ ranking: [[a], [a, b]] }), 422, 'ranking_inconsistent', '/ranking/1/0'],
  ['/rankings', () => ranking({ ranking: [[a]] }), 422, 'ranking_inconsistent', '/ranking'],
  ['/rankings', () => ranking({ ranking: [[a], [stranger]] }), 422, 'ranking_inconsistent', '/ranking'],
  ['/rankings', () => ranking({ ranking: [[a], [newId()]] }), 422, 'completion_not_found', '/ranking'],
  ['/rankings', () => ranking({ ranking: [a, b] }), 422, 'validation_failed', '/ranking'],
  ['/rankings', () => ranking({ shownOrder: [a, b] }), 422, 'ranking_inconsistent', '/shownOrder'],
  ['/rankings', () => ranking({ labelerExternalId: 'nobody' }), 422, 'labeler_not_found', '/labelerExternalId'],
  ['/rankings', () => ranking({ labelerExternalId: undefined }), 422, 'validation_failed', '/labelerId'],
  ['/rankings', () => ranking({ criterionVersionId: newId() }), 422, 'criterion_version_not_found', '/criterionVersionId'],
  ['/rankings', () => ranking({ flags: ['Not A Word'] }), 422, 'validation_failed', '/flags'],
  ['/rankings', () => ranking({ externalId: 'r-1' }), 409, 'external_id_conflict', '/externalId'],
  ['/preference-judgements', () => comparison({ preferredCompletionId: c }), 422, 'ranking_inconsistent', '/preferredCompletionId'],
  ['/preference-judgements', () => comparison({ preferredCompletionId: undefined }), 422, 'validation_failed', '/preferredCompletionId'],
  ['/preference-judgements', () => comparison({ completionIds: [a, a] }), 422, 'validation_failed', '/completionIds'],
])('%s refused %#', async (path, body, status, code, pointer) => {
  const count = async () => (await withSql(t, (sql) => sql.query('SELECT FROM preferences'))).rowCount;
  const before = await count();
  const refused = (await post(path, body()).expect(status)).body;
  expect([refused.code, refused.errors[0].pointer]).toEqual([code, pointer]);
  expect(await count()).toBe(before);
});

test('a draft takes none, and a vendor sees its own', async () => {
  const draft = await givenCriterionVersion(t, 5, false);
  expect((await post('/rankings', ranking({ criterionVersionId: draft })).expect(409)).body.code).toBe('criterion_version_not_published');
  const byAcme = () => post('/rankings', ranking({ labelerExternalId: 'a-1', externalId: 'r-1' }), acme.key);
  // Under a version that no batch of its own is rated by; then of a completion that was not leased to it.
  expect((await byAcme().expect(422)).body.code).toBe('criterion_version_not_found');
  const batch = { name: 'leased', mode: 'rank', criterionVersionId: version, completionIds: [a, b, c], vendorIds: [acme.id] };
  const { body: made } = await post('/labeling-batches', batch).expect(201);
  expect((await byAcme().expect(422)).body.code).toBe('completion_not_found');
  await post(`/labeling-batches/${made.id}/tasks/claim`, { labelerExternalId: 'a-1' }, acme.key).expect(200);
  const { body: own } = await byAcme().expect(201);
  expect(own.vendorId).toBe(acme.id);
  expect((await get('/preferences', acme.key).expect(200)).body.data).toEqual([own]);
  const { body: all } = await get('/preferences').expect(200);
  const foreign = all.data.find(({ vendorId }: { vendorId: string | null }) => vendorId === null);
  expect((await get(`/preferences/${foreign.id}`, acme.key).expect(404)).body.code).toBe('preference_not_found');
  await post(`/preferences/${foreign.id}/supersede`, { ranking: [[a], [b], [c]] }, acme.key).expect(404);
});

test('one id in two letter cases is one id, wherever ids are given', async () => {
  const upper = (id: string) => id.toUpperCase();
  for (const preferredCompletionId of [null, a]) {
    const { body } = await post('/preference-judgements', comparison({ completionIds: [a, upper(a)], preferredCompletionId })).expect(422);
    expect(body.errors[0]).toMatchObject({ pointer: '/completionIds', rule: 'arrayUnique' });
  }
  expect((await post('/rankings', ranking({ ranking: [[a], [upper(a)]] })).expect(422)).body.code).toBe('ranking_inconsistent');
  expect((await post('/rankings', ranking({ shownOrder: [a, b, upper(b)] })).expect(422)).body.errors[0].rule).toBe('arrayUnique');
  const batch = { name: 'cases', mode: 'rate', criterionVersionId: upper(version), overlap: 1 };
  expect((await post('/labeling-batches', { ...batch, completionIds: [a, upper(a)] }).expect(422)).body.errors[0].rule).toBe('arrayUnique');
  expect((await post('/labeling-batches', { ...batch, completionIds: [a], vendorIds: [acme.id, upper(acme.id)] }).expect(422)).body.errors[0].rule).toBe('arrayUnique');
  // Given once, any case is understood and kept in lower case: in bodies, lines, queries and addresses.
  const { body: made } = await post('/labeling-batches', { ...batch, completionIds: [upper(a)], vendorIds: [upper(acme.id)] }).expect(201);
  expect(made).toMatchObject({ criterionVersionId: version, vendorIds: [acme.id], selection: { completionIds: [a] } });
  expect((await get(`/labeling-batches/${upper(made.id)}`).expect(200)).body.id).toBe(made.id);
  expect((await get(`/labeling-batches/${upper(newId())}`).expect(404)).body.code).toBe('labeling_batch_not_found');
  const { body: kept } = await post('/preference-judgements', comparison({ completionIds: [upper(a), b], preferredCompletionId: upper(b) })).expect(201);
  expect(kept).toMatchObject({ ranking: [[b], [a]], shownOrder: [a, b] });
  expect((await get(`/preferences?criterionVersionId=${upper(version)}&limit=500`).expect(200)).body.data.map(({ id }: { id: string }) => id)).toContain(kept.id);
});

it('case 58b: the same ranking or comparison again under its externalId is the first again, another one a conflict', async () => {
  const ranked = ranking({ externalId: 'again-1', shownOrder: [c, a, b], rationale: 'clear' });
  const { body: first } = await post('/rankings', ranked).expect(201);
  expect((await post('/rankings', ranked).expect(200)).body).toEqual(first);
  // Within a tie the order means nothing.
  expect((await post('/rankings', { ...ranked, ranking: [[b], [c, a]] }).expect(200)).body).toEqual(first);
  const both = { ...comparison({ externalId: 'again-2' }) };
  const { body: compared } = await post('/preference-judgements', both).expect(201);
  expect((await post('/preference-judgements', both).expect(200)).body).toEqual(compared);
  for (const [path, body] of [
    ['/rankings', { ...ranked, ranking: [[a], [b, c]] }],
    ['/rankings', { ...ranked, shownOrder: undefined }],
    ['/rankings', { ...ranked, rationale: 'unclear' }],
    ['/rankings', { ...both, completionIds: undefined, preferredCompletionId: undefined, ranking: [[b], [a]], shownOrder: [a, b] }],
    ['/preference-judgements', { ...both, preferredCompletionId: a }],
    ['/preference-judgements', { ...both, externalId: 'again-1' }],
  ] as const) {
    expect((await post(path, body).expect(409)).body.code).toBe('external_id_conflict');
  }
  const many = await Promise.all(Array.from({ length: 5 }, () => post('/rankings', ranking({ externalId: 'at once' }))));
  expect(many.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 201]);
  expect(new Set(many.map(({ body }) => body.id)).size).toBe(1);
});
