// Labeling over HTTP: batches, claims, leases, answers of every mode, corrections, and who sees what.
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#src/common/id.js';
import { LeasesService } from '#src/labeling/leases.service.js';
import { givenVendor, type GivenVendor } from '../factories/labeling.js';
import { givenCriterionVersion, givenLabeler, givenPrompt, withSql } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';

let t: TestApp;
let version: string;
let acme: GivenVendor;
let other: GivenVendor;
/** Labelers without a vendor. */
let ann: string;
let bea: string;
let completions: string[];

beforeAll(async () => {
  t = await createTestApp();
  version = await givenCriterionVersion(t);
  acme = await givenVendor(t, 'acme', ['a-1', 'a-2', 'a-3']);
  other = await givenVendor(t, 'other', ['o-1']);
  ann = await givenLabeler(t, 'ann');
  bea = await givenLabeler(t, 'bea');
  completions = (await givenPrompt(t, 'count', ['one', 'two', 'three'].map((text) => ({ text })))).completionIds;
});
afterAll(() => t.close());

type Key = { Authorization: string };
const post = (path: string, body: object = {}, key: Key = t.admin) => request(t.http).post(`/v1${path}`).set(key).send(body);
const get = (path: string, key: Key = t.admin) => request(t.http).get(`/v1${path}`).set(key);
const batchOf = async (fields: object = {}) =>
  (await post('/labeling-batches', { name: 'batch', mode: 'rate', criterionVersionId: version, completionIds: completions, ...fields }).expect(201)).body;
const claim = async (batch: { id: string }, labelerId: string, fields: object = {}, key: Key = t.admin) =>
  (await post(`/labeling-batches/${batch.id}/tasks/claim`, { labelerId, ...fields }, key).expect(200)).body;
const codeOf = async (sent: request.Test, status: number) => (await sent.expect(status)).body.code as string;
const scored = (task: { completions: { id: string }[] }, score = 3) => ({ scores: task.completions.map(({ id }) => ({ completionId: id, score })) });

describe('batches', () => {
  test('are made of completions, and say how far they are', async () => {
    const dueAt = '2030-01-01T00:00:00.000Z';
    const batch = await batchOf({ overlap: 2, vendorIds: [acme.id], dueAt, priceNote: '0.05 EUR', seed: 7 });
    expect(batch).toMatchObject({ state: 'open', itemCount: 3, overlap: 2, purpose: 'production', vendorIds: [acme.id], dueAt, priceNote: '0.05 EUR' });
    expect(batch.counts).toEqual({ available: 6, leased: 0, completed: 0, skipped: 0, expired: 0 });
    const { tasks } = await claim(batch, acme.labelers[0], { k: 2 }, acme.key);
    await post(`/tasks/${tasks[0].id}/submit`, scored(tasks[0]), acme.key).expect(200);
    await claim(batch, ann);
    const seen = (await get(`/labeling-batches/${batch.id}`).expect(200)).body;
    expect(seen.counts).toEqual({ available: 3, leased: 2, completed: 1, skipped: 0, expired: 0 });
    expect(seen.countsByVendor).toEqual([
      { vendorId: null, leased: 1, completed: 0, skipped: 0, expired: 0 },
      { vendorId: acme.id, leased: 1, completed: 1, skipped: 0, expired: 0 },
    ]);
    const own = (await get(`/labeling-batches/${batch.id}`, acme.key).expect(200)).body;
    expect(own).toMatchObject({ selection: null, vendorIds: [acme.id], countsByVendor: [{ vendorId: acme.id, leased: 1, completed: 1 }] });
    expect(own.counts).toMatchObject({ available: 3, leased: 1, completed: 1 });
    expect(await codeOf(get(`/labeling-batches/${batch.id}`, other.key), 404)).toBe('labeling_batch_not_found');
    expect((await get('/labeling-batches', other.key).expect(200)).body.data).toEqual([]);
    expect((await get('/labeling-batches?state=open', acme.key).expect(200)).body.data).toHaveLength(1);
    expect(await codeOf(post('/labeling-batches', {}, acme.key), 403)).toBe('not_for_vendors');
  });

  test.each([
    [() => ({ completionIds: undefined }), 422, 'labeling_selection_missing', '/completionBatchId'],
    [() => ({ completionIds: [completions[0], newId()] }), 422, 'completion_not_found', '/completionIds/1'],
    [() => ({ completionIds: [completions[0]], mode: 'rank' }), 422, 'labeling_batch_empty', ''],
    [() => ({ completionIds: undefined, promptSetId: newId() }), 422, 'labeling_batch_empty', ''],
    [() => ({ criterionVersionId: newId() }), 422, 'criterion_version_not_found', '/criterionVersionId'],
    [() => ({ vendorIds: [newId()] }), 422, 'vendor_not_found', '/vendorIds/0'],
    [() => ({ pairsPerPrompt: 2 }), 422, 'pairs_per_prompt_without_pairs', '/pairsPerPrompt'],
    [() => ({ overlap: 0 }), 422, 'validation_failed', '/overlap'],
    [() => ({ mode: 'guess' }), 422, 'validation_failed', '/mode'],
  ])('bad batch %#', async (fields, status, code, pointer) => {
    const before = await withSql(t, (sql) => sql.query('SELECT FROM labeling_batches'));
    const body = { name: 'bad', mode: 'rate', criterionVersionId: version, completionIds: completions, ...fields() };
    const refused = (await post('/labeling-batches', body).expect(status)).body;
    expect(refused.code).toBe(code);
    expect(refused.errors[0].pointer).toBe(pointer);
    expect((await withSql(t, (sql) => sql.query('SELECT FROM labeling_batches'))).rowCount).toBe(before.rowCount);
  });

  test('a draft is for pilots only', async () => {
    const criterionVersionId = await givenCriterionVersion(t, 5, false);
    const body = { name: 'draft', mode: 'rate', criterionVersionId, completionIds: completions };
    expect(await codeOf(post('/labeling-batches', body), 409)).toBe('criterion_version_not_published');
    const pilot = await batchOf({ criterionVersionId, purpose: 'pilot' });
    const { tasks } = await claim(pilot, ann);
    await post(`/tasks/${tasks[0].id}/submit`, scored(tasks[0])).expect(200);
  });

  test('close withdraws what is open', async () => {
    const batch = await batchOf({ overlap: 2 });
    const { tasks } = await claim(batch, ann, { k: 2 });
    await post(`/tasks/${tasks[0].id}/submit`, scored(tasks[0])).expect(200);
    const closed = (await post(`/labeling-batches/${batch.id}/close`).expect(200)).body;
    expect(closed).toMatchObject({ state: 'closed', counts: { available: 0, leased: 0, completed: 1 } });
    expect(closed.closedAt).not.toBeNull();
    expect((await post(`/labeling-batches/${batch.id}/close`).expect(200)).body).toEqual(closed);
    expect(await codeOf(post(`/tasks/${tasks[1].id}/submit`, scored(tasks[1])), 409)).toBe('labeling_batch_closed');
    expect(await codeOf(post(`/tasks/${tasks[0].id}/correct`, scored(tasks[0])), 409)).toBe('labeling_batch_closed');
    expect(await codeOf(post(`/labeling-batches/${batch.id}/tasks/claim`, { labelerId: ann }), 409)).toBe('labeling_batch_closed');
  });
});

test('created, completed and closed are told to the owner and the vendors of the batch', async () => {
  const told = async ({ id }: { id: string }) => {
    const { rows } = await withSql(t, (sql) => sql.query(`SELECT type, vendor_ids FROM domain_events WHERE data->>'labelingBatchId' = $1 ORDER BY id`, [id]));
    return rows.map(({ type, vendor_ids }) => [type, vendor_ids]);
  };
  const closed = await batchOf({ vendorIds: [acme.id] });
  for (let i = 0; i < 2; i++) await post(`/labeling-batches/${closed.id}/close`).expect(200);
  expect(await told(closed)).toEqual([
    ['labeling_batch.created', [acme.id]],
    ['labeling_batch.closed', [acme.id]],
  ]);
  const completed = await batchOf();
  for (const task of (await claim(completed, ann, { k: 3 })).tasks) await post(`/tasks/${task.id}/submit`, scored(task)).expect(200);
  await t.get(LeasesService).sweep();
  expect(await told(completed)).toEqual([
    ['labeling_batch.created', []],
    ['labeling_batch.completed', []],
  ]);
});

describe('claims', () => {
  test('carry all that a page needs, and nothing that tells who wrote it', async () => {
    const batch = await batchOf({ mode: 'rate-side-by-side' });
    const { tasks, criterion } = await claim(batch, ann);
    expect(criterion).toMatchObject({ criterionVersionId: version, instructions: 'is it good?', dimensions: null });
    expect(criterion.scale).toHaveLength(5);
    expect(tasks[0].prompt.text).toBe('count');
    expect(tasks[0].completions.map(({ text }: { text: string }) => text).sort()).toEqual(['one', 'three', 'two']);
    expect(Object.keys(tasks[0]).sort()).toEqual(
      ['batchId', 'completions', 'finishedAt', 'id', 'labelerId', 'leaseExpiresAt', 'leasedAt', 'mode', 'prompt', 'reason', 'state'],
    );
    expect(Object.keys(tasks[0].completions[0])).toEqual(['id', 'text']);
    const detail = (await get(`/tasks/${tasks[0].id}`).expect(200)).body;
    expect(detail).toEqual({ ...tasks[0], criterion, answer: null });
  });

  test('the order of completions is random by task, recorded, and the place of each rating', async () => {
    const batch = await batchOf({ mode: 'rate-side-by-side', overlap: 40 });
    const orders = new Set<string>();
    for (let i = 0; i < 12; i++) {
      const labeler = await givenLabeler(t, `order-${i}`);
      const { tasks } = await claim(batch, labeler);
      orders.add(tasks[0].completions.map(({ text }: { text: string }) => text).join());
      const detail = (await post(`/tasks/${tasks[0].id}/submit`, scored(tasks[0])).expect(200)).body;
      const ratings = await Promise.all(detail.answer.scores.map(async ({ ratingId }: { ratingId: string }) => (await get(`/ratings/${ratingId}`)).body));
      const shown = tasks[0].completions.map(({ id }: { id: string }) => id);
      for (const rating of ratings) expect(shown[rating.position]).toBe(rating.completionId);
    }
    expect(orders.size).toBeGreaterThan(2);
  });

  test('a labeler gets an item once, whatever the overlap, and claims until nothing is left', async () => {
    const batch = await batchOf({ overlap: 3 });
    const first = await claim(batch, bea, { k: 100 });
    expect(new Set(first.tasks.map((task: { completions: { id: string }[] }) => task.completions[0].id)).size).toBe(3);
    expect((await claim(batch, bea, { k: 100 })).tasks).toEqual([]);
    expect((await claim(batch, ann, { k: 2 })).tasks).toHaveLength(2);
    expect((await claim(batch, ann, { k: 2 })).tasks).toHaveLength(1);
  });

  test('skipped is not seen again, released may be', async () => {
    const batch = await batchOf({ completionIds: [completions[0]] });
    const [released] = (await claim(batch, ann)).tasks;
    expect((await post(`/tasks/${released.id}/release`).expect(200)).body).toMatchObject({ state: 'released', reason: null });
    const [skipped] = (await claim(batch, ann)).tasks;
    expect(skipped.id).not.toBe(released.id);
    expect(await codeOf(post(`/tasks/${skipped.id}/skip`), 422)).toBe('validation_failed');
    expect((await post(`/tasks/${skipped.id}/skip`, { reason: 'unreadable' }).expect(200)).body).toMatchObject({ state: 'skipped', reason: 'unreadable' });
    const listed = (await get(`/labeling-batches/${batch.id}/tasks?state=skipped`).expect(200)).body.data;
    expect(listed.map(({ id, reason }: { id: string; reason: string }) => [id, reason])).toEqual([[skipped.id, 'unreadable']]);
    expect((await get(`/tasks/${skipped.id}`).expect(200)).body.reason).toBe('unreadable');
    expect((await claim(batch, ann)).tasks).toEqual([]);
    expect((await claim(batch, bea)).tasks).toHaveLength(1);
    expect((await get(`/labeling-batches/${batch.id}`)).body.counts).toMatchObject({ skipped: 1, leased: 1, available: 0 });
  });

  test('labelers are named once, and are the caller\'s own', async () => {
    const batch = await batchOf({ vendorIds: [acme.id] });
    const path = `/labeling-batches/${batch.id}/tasks/claim`;
    expect(await codeOf(post(path), 422)).toBe('validation_failed');
    expect(await codeOf(post(path, { labelerId: newId() }), 422)).toBe('labeler_not_found');
    expect(await codeOf(post(path, { labelerId: acme.labelers[0] }), 422)).toBe('labeler_not_found');
    expect(await codeOf(post(path, { labelerExternalId: 'o-1' }, acme.key), 422)).toBe('labeler_not_found');
    expect(await codeOf(post(path, { labelerExternalId: 'o-1' }, other.key), 404)).toBe('labeling_batch_not_found');
    expect((await post(path, { labelerExternalId: 'a-1' }, acme.key).expect(200)).body.tasks[0].labelerId).toBe(acme.labelers[0]);
  });
});

describe('leases', () => {
  const past = (id: string) => withSql(t, (sql) => sql.query(`UPDATE labeling_tasks SET lease_expires_at = now() - interval '1 second' WHERE id = $1`, [id]));

  test('a lease that ran out takes no answer and comes back', async () => {
    const batch = await batchOf({ completionIds: [completions[0]] });
    const [late] = (await claim(batch, ann)).tasks;
    await past(late.id);
    expect((await get(`/tasks/${late.id}`)).body.state).toBe('expired');
    expect(await codeOf(post(`/tasks/${late.id}/submit`, scored(late)), 409)).toBe('task_lease_expired');
    expect(await codeOf(post(`/tasks/${late.id}/heartbeat`), 409)).toBe('task_lease_expired');
    const [again] = (await claim(batch, bea)).tasks;
    expect(again.completions).toEqual(late.completions);
    expect(await codeOf(post(`/tasks/${late.id}/submit`, scored(late)), 409)).toBe('task_lease_expired');
    await post(`/tasks/${again.id}/submit`, scored(again)).expect(200);
    expect((await get(`/labeling-batches/${batch.id}`)).body).toMatchObject({ state: 'completed', counts: { completed: 1, expired: 1 } });
  });

  test('the sweep brings leases back and completes batches', async () => {
    const batch = await batchOf({ completionIds: [completions[0]] });
    const [late] = (await claim(batch, ann)).tasks;
    await past(late.id);
    await t.get(LeasesService).sweep();
    expect((await get(`/labeling-batches/${batch.id}`)).body.counts).toMatchObject({ available: 1, leased: 0, expired: 1 });
    // As after two last answers at the same moment, of which neither saw the other.
    await withSql(t, (sql) => sql.query(`UPDATE labeling_tasks SET state = 'completed' WHERE batch_id = $1 AND state = 'available'`, [batch.id]));
    await t.get(LeasesService).sweep();
    expect((await get(`/labeling-batches/${batch.id}`)).body.state).toBe('completed');
  });

  test('a heartbeat prolongs', async () => {
    const batch = await batchOf();
    const [task] = (await claim(batch, ann, { ttlSeconds: 5 })).tasks;
    const { body } = await post(`/tasks/${task.id}/heartbeat`, { ttlSeconds: 600 }).expect(200);
    expect(Date.parse(body.leaseExpiresAt) - Date.parse(task.leaseExpiresAt)).toBeGreaterThan(590_000);
  });

  test('others can do nothing with a task', async () => {
    const batch = await batchOf({ vendorIds: [acme.id, other.id] });
    const [task] = (await claim(batch, acme.labelers[0], {}, acme.key)).tasks;
    for (const act of ['submit', 'heartbeat', 'release', 'skip']) {
      const body = act === 'submit' ? scored(task) : act === 'skip' ? { reason: 'x' } : {};
      expect(await codeOf(post(`/tasks/${task.id}/${act}`, body, other.key), 404)).toBe('task_not_found');
      expect(await codeOf(post(`/tasks/${task.id}/${act}`, body), 409)).toBe('task_not_leased_by_you');
    }
    expect(await codeOf(get(`/tasks/${task.id}`, other.key), 404)).toBe('task_not_found');
    const wrong = { ...scored(task), labelerId: acme.labelers[1] };
    expect(await codeOf(post(`/tasks/${task.id}/submit`, wrong, acme.key), 409)).toBe('task_not_leased_by_you');
    const [free] = (await get(`/labeling-batches/${batch.id}/tasks?state=available`)).body.data;
    expect(await codeOf(get(`/tasks/${free.id}`, acme.key), 404)).toBe('task_not_found');
    expect((await get(`/labeling-batches/${batch.id}/tasks`, acme.key)).body.data.map(({ id }: { id: string }) => id)).toEqual([task.id]);
    expect((await get(`/labeling-batches/${batch.id}/tasks`, other.key)).body.data).toEqual([]);
  });
});

describe('answers', () => {
  test('a score becomes a rating that names its task', async () => {
    const batch = await batchOf({ vendorIds: [acme.id] });
    const [task] = (await claim(batch, acme.labelers[0], {}, acme.key)).tasks;
    const scores = [{ completionId: task.completions[0].id, score: 4, rationale: 'short', flags: ['unsafe'], externalId: 'acme-1' }];
    const { body } = await post(`/tasks/${task.id}/submit`, { scores, timeSpentMs: 1200 }, acme.key).expect(200);
    expect(body.state).toBe('completed');
    const [{ ratingId }] = body.answer.scores;
    expect((await get(`/ratings/${ratingId}`, acme.key)).body).toMatchObject({
      completionId: task.completions[0].id,
      criterionVersionId: version,
      labelerId: acme.labelers[0],
      labelingTaskId: task.id,
      vendorId: acme.id,
      score: 4,
      position: 0,
      timeSpentMs: 1200,
      rationale: 'short',
      flags: ['unsafe'],
      externalId: 'acme-1',
    });
    expect(await codeOf(post(`/tasks/${task.id}/submit`, { scores }, acme.key), 409)).toBe('task_already_completed');
    const [second] = (await claim(batch, acme.labelers[0], {}, acme.key)).tasks;
    const taken = [{ completionId: second.completions[0].id, score: 4, externalId: 'acme-1' }];
    expect(await codeOf(post(`/tasks/${second.id}/submit`, { scores: taken }, acme.key), 409)).toBe('external_id_conflict');
    expect((await get(`/tasks/${second.id}`, acme.key)).body.state).toBe('leased');
  });

  test('scores per dimension make the overall score', async () => {
    const dimensions = [
      { name: 'helpfulness', weight: 2 },
      { name: 'honesty', weight: 1, instructions: 'is it true?' },
    ];
    const { criterionId } = (await get(`/criterion-versions/${version}`)).body;
    const scale = [1, 2, 3, 4].map((value) => ({ value, label: String(value) }));
    const created = (await post(`/criteria/${criterionId}/versions`, { instructions: 'x', scale, dimensions, publish: true }).expect(201)).body;
    expect(created.dimensions).toEqual(dimensions);
    const batch = await batchOf({ criterionVersionId: created.id });
    const { tasks: [task], criterion } = await claim(batch, ann);
    expect(criterion.dimensions).toEqual(dimensions);
    const submit = (fields: object) => post(`/tasks/${task.id}/submit`, { scores: [{ completionId: task.completions[0].id, ...fields }] });
    expect(await codeOf(submit({ score: 3 }), 422)).toBe('score_is_computed');
    expect(await codeOf(submit({ dimensionScores: { helpfulness: 3 } }), 422)).toBe('dimension_score_missing');
    const { body } = await submit({ dimensionScores: { honesty: 1, helpfulness: 4 } }).expect(200);
    expect(body.answer.scores[0]).toMatchObject({ score: 3, dimensionScores: { helpfulness: 4, honesty: 1 } });
  });

  test('a ranking with ties', async () => {
    const batch = await batchOf({ mode: 'rank' });
    const [task] = (await claim(batch, ann)).tasks;
    const [a, b, c] = task.completions.map(({ id }: { id: string }) => id);
    const submit = (body: object) => post(`/tasks/${task.id}/submit`, body);
    expect(await codeOf(submit({ ranking: [[a], [b]] }), 422)).toBe('ranking_inconsistent');
    expect(await codeOf(submit({ ranking: [[a], [b, 'x'], [c]] }), 422)).toBe('validation_failed');
    const scores = [a, b, c].map((completionId, i) => ({ completionId, score: i + 1 }));
    expect(await codeOf(submit({ ranking: [[a], [b], [c]], scores }), 422)).toBe('score_contradicts_ranking');
    const { body } = await submit({ ranking: [[c], [a, b]], rationale: 'clear', timeSpentMs: 9000, externalId: 'rank-1' }).expect(200);
    expect(body.answer).toMatchObject({ scores: [], ranking: [[c], [a, b]] });
    const stored = await withSql(t, (sql) => sql.query('SELECT kind, rationale, time_spent_ms, external_id, labeling_task_id FROM preferences WHERE id = $1', [body.answer.preferenceId]));
    expect(stored.rows).toEqual([{ kind: 'ranking', rationale: 'clear', time_spent_ms: 9000, external_id: 'rank-1', labeling_task_id: task.id }]);
  });

  test('a comparison, and its correction', async () => {
    const batch = await batchOf({ mode: 'compare', pairsPerPrompt: 2 });
    expect(batch.itemCount).toBe(2);
    const [task] = (await claim(batch, ann)).tasks;
    const [a, b] = task.completions.map(({ id }: { id: string }) => id);
    expect(task.completions).toHaveLength(2);
    const first = (await post(`/tasks/${task.id}/submit`, { comparison: { preferredCompletionId: a } }).expect(200)).body;
    expect(first.answer.ranking).toEqual([[a], [b]]);
    const second = (await post(`/tasks/${task.id}/correct`, { comparison: { preferredCompletionId: null } }).expect(200)).body;
    expect(second.answer.ranking.map((group: string[]) => group.sort())).toEqual([[a, b].sort()]);
    const { rows } = await withSql(t, (sql) => sql.query('SELECT id, supersedes_id FROM preferences WHERE labeling_task_id = $1 ORDER BY id', [task.id]));
    expect(rows).toEqual([
      { id: first.answer.preferenceId, supersedes_id: null },
      { id: second.answer.preferenceId, supersedes_id: first.answer.preferenceId },
    ]);
  });

  test('only the last answer is corrected, and the earlier one stays on record', async () => {
    const batch = await batchOf();
    const { tasks } = await claim(batch, ann, { k: 3 });
    expect(await codeOf(post(`/tasks/${tasks[0].id}/correct`, scored(tasks[0])), 409)).toBe('task_not_completed');
    for (const task of tasks.slice(0, 2)) await post(`/tasks/${task.id}/submit`, scored(task, 2)).expect(200);
    expect(await codeOf(post(`/tasks/${tasks[0].id}/correct`, scored(tasks[0])), 409)).toBe('not_your_last_answer');
    for (const score of [4, 5]) {
      const { body } = await post(`/tasks/${tasks[1].id}/correct`, scored(tasks[1], score)).expect(200);
      expect(body.answer.scores.map((given: { score: number }) => given.score)).toEqual([score]);
    }
    const { rows } = await withSql(t, (sql) => sql.query('SELECT score FROM ratings WHERE labeling_task_id = $1 ORDER BY id', [tasks[1].id]));
    expect(rows.map(({ score }) => score)).toEqual([2, 4, 5]);
  });

  test('the answer that completes the batch is corrected like any other; the batch stays complete', async () => {
    const batch = await batchOf({ overlap: 2 });
    const { tasks } = await claim(batch, ann, { k: 50 });
    const { tasks: others } = await claim(batch, bea, { k: 50 });
    expect(tasks).toHaveLength(batch.itemCount);
    for (const task of others) await post(`/tasks/${task.id}/submit`, scored(task, 3)).expect(200);
    for (const task of tasks) await post(`/tasks/${task.id}/submit`, scored(task, 2)).expect(200);
    const last = tasks[tasks.length - 1];
    const { body: completed } = await get(`/labeling-batches/${batch.id}`).expect(200);
    expect(completed.state).toBe('completed');
    const { body } = await post(`/tasks/${last.id}/correct`, scored(last, 5)).expect(200);
    expect(body.answer.scores.map((given: { score: number }) => given.score)).toEqual([5]);
    expect(await codeOf(post(`/tasks/${tasks[0].id}/correct`, scored(tasks[0])), 409)).toBe('not_your_last_answer');
    // Whose last answer it was is asked per labeler.
    await post(`/tasks/${others[others.length - 1].id}/correct`, scored(others[others.length - 1], 1)).expect(200);
    expect((await get(`/labeling-batches/${batch.id}`)).body).toEqual(completed);
  });
});

describe('sessions of labelers', () => {
  const sessionOf = async (labelerId: string, body: object = {}, key: Key = t.admin) => {
    const { body: session } = await post(`/labelers/${labelerId}/sessions`, body, key).expect(201);
    return { ...session, key: { Authorization: `Bearer ${session.token}` } };
  };

  test('work on their own tasks and do nothing else', async () => {
    const batch = await batchOf({ vendorIds: [acme.id], overlap: 2 });
    const [foreign] = (await claim(batch, acme.labelers[1], {}, acme.key)).tasks;
    const session = await sessionOf(acme.labelers[0], {}, acme.key);
    expect(session.path).toBe(`/label#${session.token}`);
    const path = `/labeling-batches/${batch.id}/tasks/claim`;
    const [task, second] = (await post(path, { k: 2 }, session.key).expect(200)).body.tasks;
    expect(task.labelerId).toBe(acme.labelers[0]);
    expect(await codeOf(post(path, { labelerId: acme.labelers[1] }, session.key), 403)).toBe('session_of_other_labeler');
    expect(await codeOf(post(path, { labelerExternalId: 'a-1' }, session.key), 403)).toBe('session_of_other_labeler');
    expect(await codeOf(get(`/tasks/${foreign.id}`, session.key), 404)).toBe('task_not_found');
    expect(await codeOf(post(`/tasks/${foreign.id}/submit`, scored(foreign), session.key), 404)).toBe('task_not_found');
    await post(`/tasks/${task.id}/submit`, scored(task), session.key).expect(200);
    await post(`/tasks/${task.id}/correct`, scored(task, 5), session.key).expect(200);
    await post(`/tasks/${second.id}/skip`, { reason: 'x' }, session.key).expect(200);
    const own = (await get(`/labeling-batches/${batch.id}/tasks?labelerId=${acme.labelers[1]}`, session.key).expect(200)).body.data;
    expect(own.map(({ id }: { id: string }) => id).sort()).toEqual([task.id, second.id].sort());
    const current = (await get('/labeler-session', session.key).expect(200)).body;
    expect(current).toMatchObject({ labelerId: acme.labelers[0], labelerExternalId: 'a-1' });
    expect(current.batches.find(({ id }: { id: string }) => id === batch.id)).toMatchObject({ completedByYou: 1, available: 4, mode: 'rate' });
    for (const closed of ['/labelers', '/ratings', '/labeling-batches', `/labeling-batches/${batch.id}`, '/prompts']) {
      await get(closed, session.key).expect(403);
    }
    expect(await codeOf(post(`/labelers/${acme.labelers[0]}/sessions`, {}, session.key), 403)).toBe('not_for_labelers');
    expect(await codeOf(get('/labeler-session', acme.key), 403)).toBe('labeler_session_needed');
    expect((await get('/api-keys')).body.data.some(({ id }: { id: string }) => id === session.id)).toBe(false);
  });

  test('are listed by labeler and revoked by whoever may make them', async () => {
    const labelerId = (await post('/labelers', { externalId: 'linked' }, acme.key).expect(201)).body.id as string;
    const path = `/labelers/${labelerId}/sessions`;
    const batch = await batchOf({ vendorIds: [acme.id] });
    const [first, second] = [await sessionOf(labelerId, {}, acme.key), await sessionOf(labelerId, { labelingBatchId: batch.id }, acme.key)];
    await get('/labeler-session', first.key).expect(200);
    const listed = (await get(path, acme.key).expect(200)).body;
    expect(listed.data.map(({ id }: { id: string }) => id)).toEqual([second.id, first.id]);
    expect(listed.data[0]).toEqual({
      id: second.id, labelerId, labelingBatchId: batch.id, prefix: second.token.slice(0, 8),
      createdAt: expect.any(String), expiresAt: second.expiresAt, revokedAt: null, lastUsedAt: null,
    });
    expect(listed.data[1].lastUsedAt).not.toBeNull();
    for (const { token } of [first, second]) expect(JSON.stringify(listed)).not.toContain(token);
    const page = (await get(`${path}?limit=1`, acme.key).expect(200)).body;
    expect((await get(`${path}?limit=1&cursor=${page.nextCursor}`, acme.key).expect(200)).body.data).toEqual([listed.data[1]]);

    const revoke = (labeler: string, id: string, key: Key = t.admin) => request(t.http).delete(`/v1/labelers/${labeler}/sessions/${id}`).set(key);
    expect(await codeOf(revoke(labelerId, first.id, other.key), 404)).toBe('labeler_not_found');
    // Of another labeler, and a key that is no session.
    expect(await codeOf(revoke(acme.labelers[0], first.id, acme.key), 404)).toBe('labeler_session_not_found');
    const { body: plain } = await post(`/vendors/${acme.id}/api-keys`, { name: 'no session', scopes: ['tasks:work'] }).expect(201);
    expect(await codeOf(revoke(labelerId, plain.id, acme.key), 404)).toBe('labeler_session_not_found');
    expect(await codeOf(revoke(labelerId, first.id, first.key), 403)).toBe('not_for_labelers');
    await get('/labeler-session', first.key).expect(200);

    await revoke(labelerId, first.id, acme.key).expect(204);
    await revoke(labelerId, first.id, acme.key).expect(204);
    await get('/labeler-session', first.key).expect(401);
    await post(`/labeling-batches/${batch.id}/tasks/claim`, {}, first.key).expect(401);
    await get('/labeler-session', second.key).expect(200);
    // The owner sees and ends links of vendors' labelers too.
    const [, revoked] = (await get(path).expect(200)).body.data;
    expect(revoked).toMatchObject({ id: first.id, revokedAt: expect.any(String) });
    await revoke(labelerId, second.id).expect(204);
    await get('/labeler-session', second.key).expect(401);
    const { body: audit } = await get('/audit-log?action=api_key.revoked').expect(200);
    expect(audit.data.filter(({ resource }: { resource: { id: string } }) => resource.id === first.id)).toHaveLength(1);
  });

  test('can be for one batch, end by themselves, and are made for own labelers only', async () => {
    const [batch, another] = [await batchOf(), await batchOf()];
    const session = await sessionOf(ann, { labelingBatchId: batch.id });
    await post(`/labeling-batches/${batch.id}/tasks/claim`, {}, session.key).expect(200);
    expect(await codeOf(post(`/labeling-batches/${another.id}/tasks/claim`, {}, session.key), 404)).toBe('labeling_batch_not_found');
    expect((await get('/labeler-session', session.key).expect(200)).body.batches.map(({ id }: { id: string }) => id)).toEqual([batch.id]);
    await withSql(t, (sql) => sql.query(`UPDATE api_keys SET expires_at = now() WHERE id = $1`, [session.id]));
    await new Promise((resolve) => setTimeout(resolve, 2100));
    await get('/labeler-session', session.key).expect(401);
    expect(await codeOf(post(`/labelers/${acme.labelers[0]}/sessions`, {}, other.key), 404)).toBe('labeler_not_found');
    expect(await codeOf(post(`/labelers/${acme.labelers[0]}/sessions`, {}), 404)).toBe('labeler_not_found');
    expect(await codeOf(post(`/labelers/${ann}/sessions`, { labelingBatchId: newId() }), 404)).toBe('labeling_batch_not_found');
  });
});
