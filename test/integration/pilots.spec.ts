// Gold items mixed in unseen, drafts piloted before they are published, and neither in pair sets unless asked for.
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#src/common/id.js';
import { PairsWorkerModule } from '#src/pairs/pairs-worker.module.js';
import { givenRatings } from '../factories/judgements.js';
import { givenVendor, lookOf, type GivenVendor } from '../factories/labeling.js';
import { givenCriterionVersion, givenLabeler, givenPrompt, withSql } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { settled, startNode, type Node } from './jobs-fixture.js';

let t: TestApp;
let worker: Node;
let completions: string[];
let acme: GivenVendor;
let people: string[];

beforeAll(async () => {
  t = await createTestApp();
  worker = await startNode({ DATABASE_URL: t.database.url }, ['pair-building'], [PairsWorkerModule]);
  completions = (await givenPrompt(t, 'rate me', Array.from({ length: 20 }, (_, i) => ({ text: `answer ${i}` })))).completionIds;
  acme = await givenVendor(t, 'acme', ['a-1', 'a-2']);
  people = [];
  for (const name of ['ann', 'bob', 'cyd']) people.push(await givenLabeler(t, name));
});
afterAll(async () => {
  await worker.close();
  await t.close();
});

type Key = { Authorization: string };
interface Task {
  id: string;
  completions: { id: string; text: string }[];
}
const get = (path: string, key: Key = t.admin) => request(t.http).get(`/v1${path}`).set(key);
const post = (path: string, body: object = {}, key: Key = t.admin) => request(t.http).post(`/v1${path}`).set(key).send(body);
const scale = [1, 2, 3, 4, 5].map((value) => ({ value, label: `level ${value}` }));

async function draft(fields: object = {}, criterionFields: object = {}): Promise<{ id: string; path: string }> {
  const { body: criterion } = await post('/criteria', { name: newId(), ...criterionFields }).expect(201);
  const { body: version } = await post(`/criteria/${criterion.id}/versions`, { instructions: 'good?', scale, ...fields }).expect(201);
  return { id: version.id, path: `/criteria/${criterion.id}/versions/1` };
}

/** Claims and answers everything of a batch that a labeler can. */
async function work(batchId: string, labelerId: string, answer: (completionId: string) => object, key: Key = t.admin): Promise<Task[]> {
  const { tasks } = (await post(`/labeling-batches/${batchId}/tasks/claim`, { labelerId, k: 100 }, key).expect(200)).body as { tasks: Task[] };
  for (const task of tasks) {
    await post(`/tasks/${task.id}/submit`, { scores: task.completions.map(({ id }) => ({ completionId: id, ...answer(id) })) }, key).expect(200);
  }
  return tasks;
}

describe('gold items', () => {
  const gold = (criterionVersionId: string, fields: object = {}) => ({
    completionId: completions[0],
    criterionVersionId,
    expected: [{ minimum: 4, maximum: 5 }],
    explanation: 'answers in full',
    ...fields,
  });

  test('are kept, refused where they cannot be right, and retired', async () => {
    const version = await givenCriterionVersion(t);
    const { body } = await post('/gold-items', gold(version)).expect(201);
    expect(body).toMatchObject({ expected: [{ dimension: null, minimum: 4, maximum: 5 }], ratings: 0, passed: 0, retiredAt: null });
    expect((await get(`/gold-items/${body.id}`).expect(200)).body).toEqual(body);
    expect((await post('/gold-items', gold(version)).expect(409)).body.code).toBe('gold_item_exists');
    for (const [fields, code, pointer] of [
      [{ expected: [{ minimum: 4, maximum: 2 }] }, 'gold_expectation_invalid', '/expected/0/minimum'],
      [{ expected: [{ dimension: 'wit', minimum: 1, maximum: 2 }] }, 'gold_expectation_invalid', '/expected/0/dimension'],
      [{ expected: [] }, 'validation_failed', '/expected'],
      [{ completionId: newId() }, 'completion_not_found', '/completionId'],
      [{ criterionVersionId: newId() }, 'criterion_version_not_found', '/criterionVersionId'],
    ] as const) {
      const refused = (await post('/gold-items', gold(version, fields)).expect(422)).body;
      expect(refused.code).toBe(code);
      expect(refused.errors[0].pointer).toBe(pointer);
    }
    const retired = (await post(`/gold-items/${body.id}/retire`).expect(200)).body;
    expect(retired.retiredAt).not.toBeNull();
    expect((await post(`/gold-items/${body.id}/retire`).expect(200)).body).toEqual(retired);
    const { body: next } = await post('/gold-items', gold(version)).expect(201);
    expect((await get(`/gold-items?criterionVersionId=${version}`)).body.data).toEqual([retired, next]);
    expect((await get('/gold-items', acme.key).expect(403)).body.code).toBe('not_for_vendors');
    expect((await get(`/gold-items/${newId()}`).expect(404)).body.code).toBe('gold_item_not_found');
  });

  test('are mixed into a batch unseen, and tell how often a labeler is right', async () => {
    const version = await givenCriterionVersion(t);
    for (const completionId of completions.slice(15, 19)) await post('/gold-items', gold(version, { completionId })).expect(201);
    // One of the completions to be rated is gold as well: it is not asked for twice.
    await post('/gold-items', gold(version, { completionId: completions[2] })).expect(201);
    const order = { name: 'mixed', mode: 'rate', criterionVersionId: version, completionIds: completions.slice(0, 9), overlap: 2, vendorIds: [acme.id] };
    const batch = (await post('/labeling-batches', { ...order, goldShare: 0.25 }).expect(201)).body;
    expect(batch).toMatchObject({ itemCount: 12, goldShare: 0.25 });
    const seenByVendor = (await get(`/labeling-batches/${batch.id}`, acme.key).expect(200)).body;
    expect(seenByVendor.goldShare).toBeNull();

    const tasks = await work(batch.id, acme.labelers[0], (id) => ({ score: completions.indexOf(id) >= 15 ? 5 : 2 }), acme.key);
    expect(tasks).toHaveLength(12);
    const isGold = (task: Task) => completions.indexOf(task.completions[0].id) >= 15;
    expect(tasks.filter(isGold)).toHaveLength(3);
    // Nothing in a task, but which completion it shows, differs between the two kinds.
    expect(new Set(tasks.map(lookOf)).size).toBe(1);
    expect(JSON.stringify(seenByVendor) + JSON.stringify((await get(`/labeling-batches/${batch.id}/tasks`, acme.key)).body)).not.toMatch(/"(kind|gold)"/);

    await work(batch.id, acme.labelers[1], () => ({ score: 2 }), acme.key);
    const quality = async (id: string) => (await get(`/labelers/${id}/quality`).expect(200)).body.gold;
    expect(await quality(acme.labelers[0])).toMatchObject({ ratings: 4, passed: 3, accuracy: 0.75 });
    expect((await quality(acme.labelers[1])).accuracy).toBe(0);
    const results = (await get(`/gold-items?criterionVersionId=${version}`)).body.data.map((item: { ratings: number; passed: number }) => [item.ratings, item.passed]);
    expect(results.sort()).toEqual([[0, 0], [2, 0], [2, 1], [2, 1], [2, 1]]);
    // Agreement is about work: of the nine completions rated, one is gold.
    expect((await get(`/labeling-batches/${batch.id}/agreement`).expect(200)).body).toMatchObject({ items: 8, ratings: 16 });

    // All of it is of the prompt that the work is of: shown side by side, it would be shown twice.
    expect((await post('/labeling-batches', { ...order, mode: 'rate-side-by-side', goldShare: 0.1 }).expect(422)).body.code).toBe('gold_items_missing');
    const without = await givenCriterionVersion(t);
    expect((await post('/labeling-batches', { ...order, criterionVersionId: without, goldShare: 0.1 }).expect(422)).body.code).toBe('gold_items_missing');
  });

  test('cannot be told by a vendor that looks at every figure after every answer', async () => {
    const version = await givenCriterionVersion(t);
    const golden = completions.slice(15, 18);
    for (const completionId of golden) await post('/gold-items', gold(version, { completionId })).expect(201);
    // Gold is used again and again: others have rated it, and nobody the rest.
    await givenRatings(t, version, golden.map((completionId) => ({ completionId, labelerId: people[0], score: 5 })));
    const order = { name: 'polled', mode: 'rate', criterionVersionId: version, completionIds: completions.slice(0, 9), vendorIds: [acme.id], goldShare: 0.25 };
    const batch = (await post('/labeling-batches', order).expect(201)).body;
    const [labelerId] = acme.labelers;
    const { tasks } = (await post(`/labeling-batches/${batch.id}/tasks/claim`, { labelerId, k: 100 }, acme.key).expect(200)).body as { tasks: Task[] };
    expect(tasks.filter((task) => golden.includes(task.completions[0].id))).toHaveLength(3);
    const named = (await get(`/criterion-versions/${version}`).expect(200)).body;
    const poll = async () => {
      const quality = (await get(`/labelers/${labelerId}/quality?criterionVersionId=${version}`, acme.key).expect(200)).body;
      const ofBatch = (await get(`/labeling-batches/${batch.id}/agreement`, acme.key).expect(200)).body;
      const ofVersion = (await get(`/criteria/${named.criterionId}/versions/${named.number}/agreement`, acme.key).expect(200)).body;
      const { counts } = (await get(`/labeling-batches/${batch.id}`, acme.key).expect(200)).body;
      const { ratings, sharedItems, severity, reliability, flags } = quality;
      return { gold: quality.gold, counted: [ratings, ofBatch.ratings, ofBatch.items, ofVersion.ratings].map((n) => n - counts.completed), sharedItems, severity, reliability, flags };
    };
    for (const task of tasks) {
      await post(`/tasks/${task.id}/submit`, { scores: [{ completionId: task.completions[0].id, score: 2 }] }, acme.key).expect(200);
      expect(await poll()).toEqual({ gold: null, counted: [0, 0, 0, 0], sharedItems: 0, severity: null, reliability: null, flags: [] });
    }
    // Superseding until it passes does not help one who cannot see that it does.
    const { body: answered } = await get(`/tasks/${tasks.find((task) => golden.includes(task.completions[0].id))!.id}`, acme.key).expect(200);
    await post(`/ratings/${answered.answer.scores[0].ratingId}/supersede`, { score: 5 }, acme.key).expect(201);
    expect((await poll()).gold).toBeNull();
    // The owner sees all of it.
    const { body: seen } = await get(`/labelers/${labelerId}/quality?criterionVersionId=${version}`).expect(200);
    expect(seen).toMatchObject({ ratings: 12, sharedItems: 3, gold: { ratings: 3, passed: 1 } });
    expect((await get(`/labeling-batches/${batch.id}/agreement`)).body).toMatchObject({ ratings: 9, items: 9 });
  });

  test('are chosen so that ids tell least: made among the work, and not met before', async () => {
    const version = await givenCriterionVersion(t);
    const made = (await givenPrompt(t, 'one lot', Array.from({ length: 10 }, (_, i) => ({ text: `lot ${i}` })))).completionIds;
    const [among, work] = [made.slice(2, 6), [...made.slice(0, 2), ...made.slice(6)]];
    const later = (await givenPrompt(t, 'another lot', Array.from({ length: 4 }, (_, i) => ({ text: `late ${i}` })))).completionIds;
    for (const completionId of [...completions.slice(0, 4), ...among, ...later]) await post('/gold-items', gold(version, { completionId })).expect(201);
    const goldOf = async (vendorIds: string[], seed: number) => {
      const order = { name: 'lot', mode: 'rate', criterionVersionId: version, completionIds: work, goldShare: 0.25, vendorIds, seed };
      const { body: batch } = await post('/labeling-batches', order).expect(201);
      const { rows } = await withSql(t, (sql) =>
        sql.query<{ id: string }>(`SELECT completion_ids[1] AS id FROM labeling_items WHERE batch_id = $1 AND kind = 'gold'`, [batch.id]),
      );
      return { batch, picked: rows.map(({ id }) => id) };
    };
    for (let seed = 0; seed < 4; seed++) {
      const { picked } = await goldOf([], seed);
      expect(picked).toHaveLength(2);
      for (const id of picked) expect(among).toContain(id);
    }
    const first = await goldOf([acme.id], 0);
    await post(`/labeling-batches/${first.batch.id}/tasks/claim`, { labelerId: acme.labelers[0], k: 100 }, acme.key).expect(200);
    const second = await goldOf([acme.id], 0);
    expect([...first.picked, ...second.picked].sort()).toEqual(among);
    // Nothing is held against a vendor that has met none of them.
    expect((await goldOf([await t.givenVendor()], 0)).picked.sort()).toEqual(first.picked.sort());
  });

  test('stand in the queue and in the order of ids like any other task', async () => {
    const version = await givenCriterionVersion(t);
    for (const completionId of completions.slice(10)) await post('/gold-items', gold(version, { completionId })).expect(201);
    const body = { name: 'ids', mode: 'rate', criterionVersionId: version, completionIds: completions.slice(0, 10), overlap: 10, goldShare: 0.5 };
    const batch = (await post('/labeling-batches', body).expect(201)).body;
    const kinds = await withSql(t, async (sql) => {
      const { rows } = await sql.query<{ kind: string }>(
        'SELECT i.kind FROM labeling_tasks t JOIN labeling_items i ON i.id = t.item_id WHERE t.batch_id = $1 ORDER BY t.id',
        [batch.id],
      );
      return rows.map(({ kind }) => kind);
    });
    expect(kinds).toHaveLength(200);
    // Of the first hundred about half are gold; all or none would give them away.
    const early = kinds.slice(0, 100).filter((kind) => kind === 'gold').length;
    expect(early).toBeGreaterThan(30);
    expect(early).toBeLessThan(70);
  });

  test('of two completions are mixed into comparisons, and passed by whoever prefers the better one', async () => {
    const version = await givenCriterionVersion(t);
    const [better, worse] = completions.slice(18);
    const pair = { completionId: better, worseCompletionId: worse, criterionVersionId: version, explanation: 'answers, and the other one does not' };
    const { body: item } = await post('/gold-items', pair).expect(201);
    expect(item).toMatchObject({ completionId: better, worseCompletionId: worse, expected: [], ratings: 0, passed: 0 });
    expect((await post('/gold-items', { ...pair, completionId: worse, worseCompletionId: better }).expect(409)).body.code).toBe('gold_item_exists');
    const stranger = (await givenPrompt(t, 'another prompt', [{ text: 'elsewhere' }])).completionIds[0];
    for (const [fields, code, pointer] of [
      [{ expected: [{ minimum: 4, maximum: 5 }] }, 'gold_expectation_invalid', '/expected'],
      [{ worseCompletionId: undefined }, 'gold_expectation_invalid', '/expected'],
      [{ worseCompletionId: better }, 'gold_expectation_invalid', '/worseCompletionId'],
      [{ worseCompletionId: stranger }, 'gold_expectation_invalid', '/worseCompletionId'],
      [{ worseCompletionId: newId() }, 'completion_not_found', '/worseCompletionId'],
    ] as const) {
      const refused = (await post('/gold-items', { ...pair, ...fields }).expect(422)).body;
      expect([refused.code, refused.errors[0].pointer]).toEqual([code, pointer]);
    }

    const order = { name: 'compared', mode: 'compare', criterionVersionId: version, completionIds: completions.slice(0, 6), pairsPerPrompt: 5, overlap: 2, vendorIds: [acme.id] };
    expect((await post('/labeling-batches', { ...order, mode: 'rate', pairsPerPrompt: undefined, goldShare: 0.2 }).expect(422)).body.code).toBe('gold_items_missing');
    const batch = (await post('/labeling-batches', { ...order, goldShare: 0.2 }).expect(201)).body;
    expect(batch).toMatchObject({ itemCount: 6 });
    const isGold = (task: Task) => task.completions.some(({ id }) => id === better);
    const compare = async (labelerId: string, ofGold: string | null) => {
      const { tasks } = (await post(`/labeling-batches/${batch.id}/tasks/claim`, { labelerId, k: 100 }, acme.key).expect(200)).body as { tasks: Task[] };
      expect(tasks.filter(isGold).map(({ completions: shown }) => shown.map(({ id }) => id).sort())).toEqual([[better, worse].sort()]);
      expect(new Set(tasks.map(lookOf)).size).toBe(1);
      for (const task of tasks) {
        const preferredCompletionId = isGold(task) ? ofGold : task.completions.map(({ id }) => id).sort()[0];
        await post(`/tasks/${task.id}/submit`, { comparison: { preferredCompletionId } }, acme.key).expect(200);
      }
    };
    await compare(acme.labelers[0], better);
    await compare(acme.labelers[1], null);
    const goldOf = async (id: string) => (await get(`/labelers/${id}/quality?criterionVersionId=${version}`).expect(200)).body.gold;
    expect(await goldOf(acme.labelers[0])).toMatchObject({ ratings: 1, passed: 1 });
    expect(await goldOf(acme.labelers[1])).toMatchObject({ ratings: 1, passed: 0 });
    expect((await get(`/gold-items/${item.id}`)).body).toMatchObject({ ratings: 2, passed: 1 });
    expect((await get('/gold-items')).body.data.find(({ id }: { id: string }) => id === item.id)).toMatchObject({ ratings: 2, passed: 1 });
    // Neither agreement about work nor preferences to learn; a completion in it is no gold by itself.
    expect((await get(`/labeling-batches/${batch.id}/agreement`).expect(200)).body).toMatchObject({ items: 5, ratings: 10 });
    const decided = async (fields: object) => {
      const { body } = await post('/pair-sets', { criterionVersionId: version, ...fields }).expect(202);
      await settled(worker, body.jobId);
      return (await get(`/pair-sets/${body.id}/diagnostics`).expect(200)).body.decidedByPreference;
    };
    expect(await decided({})).toBe(5);
    expect(await decided({ includeGold: true })).toBe(6);
    await post('/gold-items', gold(version, { completionId: better })).expect(201);
  });
});

describe('a pilot', () => {
  test('reports agreement per dimension and level with the worst disagreements; publishing against it is put on record', async () => {
    const dimensions = [{ name: 'honesty', weight: 1 }, { name: 'wit', weight: 1 }];
    const { id, path } = await draft({ dimensions });
    expect((await get(`${path}/pilots`).expect(200)).body.data).toEqual([]);
    const { body: pilot } = await post(`${path}/pilots`, { completionIds: completions }).expect(201);
    expect((await get(`${path}/pilots`)).body.data).toEqual([pilot]);
    expect((await get(`/labeling-batches/${pilot.labelingBatchId}`)).body).toMatchObject({ purpose: 'pilot', overlap: 3, mode: 'rate', criterionVersionId: id });

    const before = (await get(`/pilots/${pilot.id}`).expect(200)).body;
    expect(before).toMatchObject({ itemCount: 20, ratings: 0, agreement: null, publishable: false, worstDisagreements: [] });
    expect(before.obstacle).toContain('still being rated');

    // They are of one mind about honesty, and of none about wit.
    for (const [l, labelerId] of people.entries()) {
      await work(pilot.labelingBatchId, labelerId, (completionId) => {
        const i = completions.indexOf(completionId);
        const wit = i === 4 ? [1, 5, 3][l] : 1 + ((i * 3 + l * 2) % 5);
        return { dimensionScores: { honesty: 1 + (i % 5), wit }, rationale: `because of ${l}` };
      });
    }
    const { body: report } = await get(`/pilots/${pilot.id}`).expect(200);
    expect(report).toMatchObject({ state: 'completed', ratings: 60, minimumAgreement: 0.667, publishable: false, obstacle: expect.stringContaining('the minimum is 0.667') });
    const [, honesty, wit] = report.dimensions;
    expect(honesty.alpha.ordinal.value).toBe(1);
    expect(wit.alpha.ordinal.value).toBeLessThan(0.3);
    expect(report.agreement).toBe(wit.alpha.ordinal.value);
    expect(honesty.levels.every((level: { agreement: number }) => level.agreement === 1)).toBe(true);
    expect(report.worstDisagreements).toHaveLength(10);
    const [worst] = report.worstDisagreements;
    expect(worst).toMatchObject({ completion: expect.stringMatching(/^answer/), prompt: 'rate me' });
    expect(worst.ratings).toHaveLength(3);
    expect(worst.ratings[0]).toMatchObject({ rationale: expect.stringMatching(/^because/), flags: [], scores: [{ dimension: null }, { dimension: 'honesty' }, { dimension: 'wit' }] });

    const refused = (await post(`${path}/publish`).expect(409)).body;
    expect(refused).toMatchObject({ code: 'agreement_below_minimum', errors: [{ pointer: '/overrideReason' }] });
    expect((await get(`/criterion-versions/${id}`)).body).toMatchObject({ state: 'draft', pilotId: null });
    const overrideReason = 'wit is a matter of taste, we average it';
    const { body: published } = await post(`${path}/publish`, { overrideReason }).expect(200);
    expect(published).toMatchObject({ state: 'published', pilotId: pilot.id, agreement: report.agreement, overrideReason });
    expect((await post(`${path}/publish`).expect(200)).body).toEqual(published);
    const { body: audit } = await get('/audit-log?action=criterion_version.published_with_override').expect(200);
    expect(audit.data).toHaveLength(1);
    expect(audit.data[0]).toMatchObject({ resource: { type: 'criterion_version', id }, detail: { overrideReason, pilotId: pilot.id, agreement: report.agreement } });
    expect((await post(`${path}/pilots`, { completionIds: completions }).expect(409)).body.code).toBe('criterion_version_published');
    // Its ratings are the pilot's, not the version's.
    expect((await get(`${path}/agreement`).expect(200)).body.ratings).toBe(0);
  });

  test('that finds agreement opens the way; a criterion may ask for one', async () => {
    const { id, path } = await draft({}, { minimumAgreement: 0.8 });
    expect((await post(`${path}/publish`).expect(409)).body.code).toBe('pilot_missing');
    const atOnce = { instructions: 'b', scale, publish: true };
    expect((await post(path.replace('/1', ''), atOnce).expect(409)).body.code).toBe('pilot_missing');
    const pilotOn = async (count: number) => (await post(`${path}/pilots`, { completionIds: completions.slice(0, count), labelersPerItem: 2, name: 'try' }).expect(201)).body;
    const agree = (completionId: string) => ({ score: 1 + (completions.indexOf(completionId) % 4) });
    // Five items on which two people agree are an alpha of 1 and tell little.
    const small = await pilotOn(5);
    for (const labelerId of people.slice(0, 2)) await work(small.labelingBatchId, labelerId, agree);
    expect((await get(`/pilots/${small.id}`)).body).toMatchObject({ state: 'completed', agreement: 1, publishable: false });
    expect((await post(`${path}/publish`).expect(409)).body.code).toBe('pilot_too_small');
    const pilot = await pilotOn(20);
    await work(pilot.labelingBatchId, people[0], agree);
    expect((await post(`${path}/publish`).expect(409)).body.code).toBe('pilot_unfinished');
    await work(pilot.labelingBatchId, people[1], agree);
    expect((await get(`/pilots/${pilot.id}`)).body).toMatchObject({ publishable: true, obstacle: null });
    const { body: published } = await post(`${path}/publish`).expect(200);
    expect(published).toMatchObject({ id, state: 'published', pilotId: pilot.id, agreement: 1, overrideReason: null });
  });

  test('case 16: perfect agreement on mostly one level is 1, without an interval, and can be published', async () => {
    const { path } = await draft({}, { minimumAgreement: 0.8 });
    const { body: pilot } = await post(`${path}/pilots`, { completionIds: completions, labelersPerItem: 2 }).expect(201);
    const score = (completionId: string) => ({ score: completions.indexOf(completionId) < 2 ? 1 : 3 });
    for (const labelerId of people.slice(0, 2)) await work(pilot.labelingBatchId, labelerId, score);
    const { body: report } = await get(`/pilots/${pilot.id}`).expect(200);
    expect(report).toMatchObject({ agreement: 1, publishable: true, obstacle: null });
    const certain = { value: 1, low: null, high: null };
    expect(report.dimensions[0]).toMatchObject({ items: 20, alpha: { nominal: certain, ordinal: certain, interval: certain }, rawAgreement: { value: 1, low: 1, high: 1 } });
    expect((await post(`${path}/publish`).expect(200)).body).toMatchObject({ state: 'published', agreement: 1 });
  });

  test('whose ratings are all alike tells nothing apart, and has no agreement to show', async () => {
    const { path } = await draft({}, { minimumAgreement: 0.8 });
    const { body: pilot } = await post(`${path}/pilots`, { completionIds: completions, labelersPerItem: 2 }).expect(201);
    for (const labelerId of people.slice(0, 2)) await work(pilot.labelingBatchId, labelerId, () => ({ score: 3 }));
    expect((await get(`/pilots/${pilot.id}`).expect(200)).body).toMatchObject({ agreement: null, publishable: false });
  });

  test('is not asked for by default, and the version says that there was none', async () => {
    const { path } = await draft();
    expect((await post(`${path}/publish`).expect(200)).body).toMatchObject({ state: 'published', pilotId: null, agreement: null, overrideReason: null });
    const { path: other } = await draft();
    expect((await post(`${other}/pilots`, {}).expect(422)).body.code).toBe('labeling_selection_missing');
    expect((await post(`${other}/pilots`, { completionIds: completions, labelersPerItem: 1 }).expect(422)).body.errors[0].pointer).toBe('/labelersPerItem');
    expect((await post(`${path.replace('/1', '/7')}/pilots`, { completionIds: completions }).expect(404)).body.code).toBe('criterion_version_not_found');
    expect((await get(`/pilots/${newId()}`).expect(404)).body.code).toBe('pilot_not_found');
  });
});

test('anchors stay with their level and are shown to labelers', async () => {
  const anchors = [{ prompt: 'Where does Ivy live?', completion: 'In Oslo.', explanation: 'right and short' }];
  const anchored = scale.map((level) => (level.value === 5 ? { ...level, anchors } : level));
  const { id, path } = await draft({ scale: anchored });
  expect((await get(`/criterion-versions/${id}`)).body.scale[4]).toEqual({ value: 5, label: 'level 5', anchors });
  await post(`${path}/publish`).expect(200);
  const batch = (await post('/labeling-batches', { name: 'anchored', mode: 'rate', criterionVersionId: id, completionIds: completions.slice(0, 1) }).expect(201)).body;
  const { criterion } = (await post(`/labeling-batches/${batch.id}/tasks/claim`, { labelerId: people[0] }).expect(200)).body;
  expect(criterion.scale[4].anchors).toEqual(anchors);
  const { body: criterionBody } = await post('/criteria', { name: newId() });
  const bad = scale.map((level) => ({ ...level, anchors: [{ completion: '' }] }));
  expect((await post(`/criteria/${criterionBody.id}/versions`, { instructions: 'a', scale: bad }).expect(422)).body.errors[0].pointer).toBe('/scale/0/anchors/0/completion');
});

test('pair sets leave ratings of gold items and of pilots out, unless asked for', async () => {
  const { id, path } = await draft();
  const { body: pilot } = await post(`${path}/pilots`, { completionIds: completions.slice(0, 3), labelersPerItem: 2 }).expect(201);
  await work(pilot.labelingBatchId, people[0], (completionId) => ({ score: 1 + completions.indexOf(completionId) }));
  await post(`${path}/publish`, { overrideReason: 'half a pilot is enough for a test' }).expect(200);
  await givenRatings(t, id, [5, 6, 7, 8].map((i, n) => ({ completionId: completions[i], labelerId: people[0], score: n + 1 })));
  await post('/gold-items', { completionId: completions[8], criterionVersionId: id, expected: [{ minimum: 4, maximum: 4 }], explanation: 'known' }).expect(201);
  const ratingsOf = async (fields: object) => {
    const { body } = await post('/pair-sets', { criterionVersionId: id, ...fields }).expect(202);
    await settled(worker, body.jobId);
    expect((await post('/pair-sets/preview', { criterionVersionId: id, ...fields }).expect(200)).body.ratings).toBe((await get(`/pair-sets/${body.id}/diagnostics`)).body.ratings);
    return (await get(`/pair-sets/${body.id}/diagnostics`).expect(200)).body.ratings;
  };
  expect(await ratingsOf({})).toBe(3);
  expect(await ratingsOf({ includeGold: true })).toBe(4);
  expect(await ratingsOf({ includePilots: true })).toBe(6);
  expect(await ratingsOf({ includePilots: true, includeGold: true })).toBe(7);
});
