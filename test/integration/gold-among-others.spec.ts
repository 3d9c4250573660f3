// Gold where a task shows all completions of a prompt: the gold ones stand among others of their prompt.
import request from 'supertest';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { newId } from '#src/common/id.js';
import { givenVendor, lookOf, type GivenVendor } from '../factories/labeling.js';
import { givenCriterionVersion, givenPrompt } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';

let t: TestApp;
/** Of each test: what a vendor has met before is drawn last. */
let vendor: GivenVendor;
/** Four completions each, of three prompts to work on and of three that have gold. */
let work: string[][];
let golden: string[][];

beforeAll(async () => {
  t = await createTestApp();
  const prompt = async (name: string, count = 4) => (await givenPrompt(t, name, Array.from({ length: count }, (_, i) => ({ text: `${name} ${i}` })))).completionIds;
  work = [await prompt('work 1'), await prompt('work 2'), await prompt('work 3')];
  golden = [await prompt('gold 1'), await prompt('gold 2', 6), await prompt('gold 3', 2)];
});
beforeEach(async () => (vendor = await givenVendor(t, newId(), ['one', 'two'])));
afterAll(() => t.close());

interface Task {
  id: string;
  completions: { id: string }[];
}
const post = (path: string, body: object, key = t.admin) => request(t.http).post(`/v1${path}`).set(key).send(body);
const get = async (path: string) => (await request(t.http).get(`/v1${path}`).set(t.admin).expect(200)).body;
const shown = (task: Task): string[] => task.completions.map(({ id }) => id);
const isOf = (prompts: string[][], task: Task): boolean => prompts.flat().includes(shown(task)[0]);
const goldOf = async (labelerId: string, version: string) => (await get(`/labelers/${labelerId}/quality?criterionVersionId=${version}`)).gold;

/** A batch over the work with gold among it, and what leases its tasks to a labeler. */
async function mixed(mode: string, version: string, goldShare: number): Promise<{ batch: { id: string; itemCount: number }; claim: (labelerId: string) => Promise<Task[]> }> {
  const order = { name: mode, mode, criterionVersionId: version, completionIds: work.flat(), overlap: 2, vendorIds: [vendor.id], goldShare };
  const { body: batch } = await post('/labeling-batches', order).expect(201);
  const claim = async (labelerId: string) => (await post(`/labeling-batches/${batch.id}/tasks/claim`, { labelerId, k: 100 }, vendor.key).expect(200)).body.tasks as Task[];
  return { batch, claim };
}

test('scores of gold stand side by side with those of its fellows', async () => {
  const version = await givenCriterionVersion(t);
  const gold = [golden[0][1], golden[1][0], golden[1][5]];
  for (const completionId of gold) {
    await post('/gold-items', { completionId, criterionVersionId: version, expected: [{ minimum: 4, maximum: 5 }], explanation: 'in full' }).expect(201);
  }
  const { batch, claim } = await mixed('rate-side-by-side', version, 0.4);
  expect(batch.itemCount).toBe(5);
  for (const [labelerId, score] of [[vendor.labelers[0], 4], [vendor.labelers[1], 2]] as const) {
    const tasks = await claim(labelerId);
    expect(new Set(tasks.map(lookOf)).size).toBe(1);
    const ofGold = tasks.filter((task) => isOf(golden, task));
    expect(ofGold).toHaveLength(2);
    for (const task of ofGold) expect(shown(task).some((id) => gold.includes(id))).toBe(true);
    for (const task of tasks) await post(`/tasks/${task.id}/submit`, { scores: shown(task).map((completionId) => ({ completionId, score })) }, vendor.key).expect(200);
  }
  // One of the two of the second prompt, or both, as it came.
  const [right, wrong] = [await goldOf(vendor.labelers[0], version), await goldOf(vendor.labelers[1], version)];
  expect(right.ratings).toBeGreaterThanOrEqual(2);
  expect(right).toMatchObject({ passed: right.ratings, accuracy: 1 });
  expect(wrong).toMatchObject({ ratings: right.ratings, passed: 0, accuracy: 0 });
  // Fellows are work like any other, gold is not.
  expect(await get(`/labeling-batches/${batch.id}/agreement`)).toMatchObject({ items: 20 - right.ratings });
});

test('the order of two is known within a ranking of all', async () => {
  const version = await givenCriterionVersion(t);
  const [better, worse] = [golden[0][3], golden[0][0]];
  const pair = { completionId: better, worseCompletionId: worse, criterionVersionId: version, explanation: 'answers' };
  const { body: item } = await post('/gold-items', pair).expect(201);
  // Of a prompt with two completions in all, which would stand out: taken only when there is no other.
  await post('/gold-items', { ...pair, completionId: golden[2][0], worseCompletionId: golden[2][1] }).expect(201);
  const { batch, claim } = await mixed('rank', version, 0.25);
  expect(batch.itemCount).toBe(4);
  const rank = async (labelerId: string, first: string) => {
    const tasks = await claim(labelerId);
    expect(new Set(tasks.map(lookOf)).size).toBe(1);
    const ofGold = tasks.filter((task) => isOf(golden, task));
    expect(ofGold.map((task) => shown(task).sort())).toEqual([[...golden[0]].sort()]);
    for (const task of tasks) {
      const front = isOf(golden, task) ? first : shown(task)[0];
      await post(`/tasks/${task.id}/submit`, { ranking: [[front], shown(task).filter((id) => id !== front)] }, vendor.key).expect(200);
    }
  };
  await rank(vendor.labelers[0], better);
  await rank(vendor.labelers[1], worse);
  expect(await goldOf(vendor.labelers[0], version)).toMatchObject({ ratings: 1, passed: 1 });
  expect(await goldOf(vendor.labelers[1], version)).toMatchObject({ ratings: 1, passed: 0 });
  expect(await get(`/gold-items/${item.id}`)).toMatchObject({ ratings: 2, passed: 1 });
  // Six pairs of each of four tasks, less the one that is gold.
  expect(await get(`/labeling-batches/${batch.id}/agreement`)).toMatchObject({ items: 23 });
  expect((await mixed('rank', version, 0.4)).batch.itemCount).toBe(5);
});

test('a version without gold of the kind, or with none of other prompts, is told apart from one that has some', async () => {
  const version = await givenCriterionVersion(t);
  const order = { name: 'none', criterionVersionId: version, completionIds: work.flat(), goldShare: 0.2 };
  await post('/gold-items', { completionId: work[0][0], worseCompletionId: work[0][1], criterionVersionId: version, explanation: 'of the work itself' }).expect(201);
  for (const mode of ['rank', 'rate-side-by-side']) {
    const { body } = await post('/labeling-batches', { ...order, mode }).expect(422);
    expect([body.code, body.errors[0].pointer]).toEqual(['gold_items_missing', '/goldShare']);
    expect(body.detail).toContain(mode === 'rank' ? 'of two completions beside the chosen prompts' : 'with scores beside the chosen prompts');
  }
});
