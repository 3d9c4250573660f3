import request from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ComparisonsWorkerModule } from '#src/comparisons/comparisons-worker.module.js';
import { givenCriterionVersion, givenLabeler, withSql } from '../factories/ratings.js';
import {
  givenPolicyVersion,
  givenPromptSet,
  givenRewardModel,
  trainableCheckpoint,
} from '../factories/training.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { settled, startNode, type Node } from './jobs-fixture.js';

interface Item {
  itemId: string;
  prompt: string;
  left: string;
  right: string;
  revealed?: {
    candidateSide: 'left' | 'right';
    baselineCompletionId: string;
    judgements: { preference: string }[];
  };
}

let t: TestApp;
let worker: Node;
let baselineVersionId: string;
let candidateVersionId: string;
let rewardModelId: string;
let promptSetId: string;
let criterionVersionId: string;
const unknownId = '019a8a5e-0000-7000-8000-000000000001';
const texts = Array.from({ length: 20 }, (_, i) => `question ${i}?`);
const sampling = { temperature: 1, maxTokens: 6, seed: 5 };

const post = (path: string, body: object) => request(t.http).post(path).set(t.admin).send(body);
const get = (path: string) => request(t.http).get(path).set(t.admin);
const bulk = (path: string, lines: object[]) =>
  request(t.http)
    .post(path)
    .set(t.admin)
    .set('content-type', 'application/x-ndjson')
    .send(lines.map((line) => JSON.stringify(line)).join('\n'));

beforeAll(async () => {
  t = await createTestApp();
  worker = await startNode(
    {
      DATABASE_URL: t.database.url,
      PLUMBLINE_DATA_DIR: t.config.dataDir,
      JOB_LEASE_SECONDS: '10',
      COMPUTE_THREADS: '1',
    },
    ['comparison'],
    [ComparisonsWorkerModule],
  );
  baselineVersionId = await givenPolicyVersion(t, 'one', trainableCheckpoint(1));
  candidateVersionId = await givenPolicyVersion(t, 'two', trainableCheckpoint(2));
  rewardModelId = await givenRewardModel(t, baselineVersionId);
  promptSetId = await givenPromptSet(t, 'held-out', texts);
  criterionVersionId = await givenCriterionVersion(t);
  for (const name of ['ann', 'ben', 'cleo']) await givenLabeler(t, name);
});
afterAll(async () => {
  await worker.close();
  await t.close();
});

const body = (judge: object, change: object = {}) => ({
  baselineVersionId,
  candidateVersionId,
  promptSetId,
  sampling,
  judge,
  ...change,
});
const people = (judgementsPerItem = 2) => ({ type: 'labelers', judgementsPerItem });

async function compared(judge: object, change: object = {}) {
  const created = await post('/v1/comparisons', body(judge, change)).expect(202);
  expect(created.headers.location).toBe(`/v1/jobs/${created.body.jobId}`);
  expect(created.body).toMatchObject({ state: 'generating', itemCount: 0, result: null, judge });
  expect(await settled(worker, created.body.jobId, undefined, 60_000)).toMatchObject({
    state: 'succeeded',
    resultType: 'comparison',
    resultId: created.body.id,
  });
  return (await get(`/v1/comparisons/${created.body.id}`).expect(200)).body;
}

test('case 55: a prompt that one version cannot answer is left out of both, and counted', async () => {
  const promptSetId = await givenPromptSet(t, 'one too long', [...texts.map((text) => `${text}!`), 'x'.repeat(2000)]);
  const comparison = await compared({ type: 'reward-model', rewardModelId }, { promptSetId });
  expect(comparison).toMatchObject({ state: 'complete', itemCount: 20, missingCount: 1, judgedItemCount: 20 });
  const { body: few } = await post('/v1/comparisons', body(people(), { promptSetId: await givenPromptSet(t, 'half too long', ['who?!', 'y'.repeat(2000)]) })).expect(202);
  expect(await settled(worker, few.jobId)).toMatchObject({ state: 'failed', attempt: 1, error: { code: 'prompt_too_long' } });
});
const itemsOf = async (id: string, query = ''): Promise<Item[]> =>
  (await get(`/v1/comparisons/${id}/items?limit=500${query}`).expect(200)).body.data;

describe('judged by a reward model', () => {
  test('is complete at once, and its figures follow from the revealed judgements', async () => {
    const comparison = await compared({ type: 'reward-model', rewardModelId });
    expect(comparison).toMatchObject({ state: 'complete', itemCount: 20, judgedItemCount: 20 });
    expect(comparison.sampling).toEqual({ ...sampling, topP: 1 });
    const { winRate, low, high, n, wins, losses, ties } = comparison.result;
    expect(n).toBe(20);
    expect(wins + losses + ties).toBe(20);
    expect(winRate).toBeCloseTo((wins + ties / 2) / 20, 12);
    expect(low).toBeLessThanOrEqual(winRate);
    expect(high).toBeGreaterThanOrEqual(winRate);
    const items = await itemsOf(comparison.id, '&reveal=true');
    const won = items.filter(
      ({ revealed }) => revealed!.judgements[0].preference === revealed!.candidateSide,
    );
    expect(won).toHaveLength(wins);
    const sides = new Set(items.map(({ revealed }) => revealed!.candidateSide));
    expect(sides.size).toBe(2);
  });

  test('its answers are completions of their versions', async () => {
    const { id } = await compared({ type: 'reward-model', rewardModelId });
    const [item] = await itemsOf(id, '&reveal=true');
    const { body: completion } = await get(`/v1/completions/${item.revealed!.baselineCompletionId}`).expect(
      200,
    );
    const text = item.revealed!.candidateSide === 'left' ? item.right : item.left;
    expect(completion).toMatchObject({ policyVersionId: baselineVersionId, text, batchId: null });
  });

  test('takes no judgements of people', async () => {
    const { id } = await compared({ type: 'reward-model', rewardModelId });
    const answer = await post(`/v1/comparisons/${id}/judgements`, {
      itemId: unknownId,
      labelerExternalId: 'ann',
      preference: 'tie',
    });
    expect([answer.status, answer.body.code]).toEqual([409, 'not_for_labelers']);
  });
});

describe('judged by people', () => {
  let id: string;
  let items: Item[];
  beforeAll(async () => {
    // Half of the prompts are tagged, and a reward model judges beside the people.
    await withSql(t, (client) => client.query(`UPDATE prompts SET tags = '{even}' WHERE text ~ 'question [0-9]*[02468]\\?'`));
    const comparison = await compared(people(), { proxyRewardModelId: rewardModelId });
    expect(comparison).toMatchObject({
      state: 'awaiting_judgements',
      itemCount: 20,
      judgedItemCount: 0,
      result: null,
    });
    id = comparison.id;
    items = await itemsOf(id);
  });

  test('items are blind: texts and nothing else', async () => {
    expect(items.map(({ prompt }) => prompt)).toEqual(texts);
    for (const item of items) expect(Object.keys(item).sort()).toEqual(['itemId', 'left', 'prompt', 'right']);
    const early = await get(`/v1/comparisons/${id}/items?reveal=true`).expect(409);
    expect(early.body.code).toBe('comparison_not_complete');
    const labeler = await t.keyWith('ratings:read', 'ratings:write');
    await request(t.http).get(`/v1/comparisons/${id}/items`).set(labeler).expect(200);
    const nosy = await request(t.http)
      .get(`/v1/comparisons/${id}/items?reveal=true`)
      .set(labeler)
      .expect(403);
    expect(nosy.body.code).toBe('scope_missing');
  });

  test('one judgement: taken, not twice, and never more than asked for', async () => {
    const path = `/v1/comparisons/${id}/judgements`;
    const judge = (labelerExternalId: string, preference: string) =>
      post(path, { itemId: items[0].itemId, labelerExternalId, preference });
    expect((await judge('ann', 'left').expect(201)).body).toMatchObject({
      itemId: items[0].itemId,
      preference: 'left',
    });
    await judge('ann', 'left').expect(200);
    expect((await judge('ann', 'right').expect(409)).body.code).toBe('already_judged');
    await judge('ben', 'left').expect(201);
    expect((await judge('cleo', 'left').expect(409)).body.code).toBe('item_complete');
    expect((await judge('nobody', 'left').expect(422)).body).toMatchObject({
      code: 'labeler_not_found',
      errors: [{ pointer: '/labelerExternalId' }],
    });
    expect(
      (await post(path, { itemId: unknownId, labelerExternalId: 'ann', preference: 'tie' }).expect(422)).body
        .code,
    ).toBe('item_not_found');
    expect((await post(path, { itemId: items[1].itemId, preference: 'tie' }).expect(422)).body.code).toBe(
      'validation_failed',
    );
    expect((await judge('ann', 'both').expect(422)).body.code).toBe('validation_failed');
  });

  test('many judgements: good lines land, the others say why, the same again is a duplicate', async () => {
    const path = `/v1/comparisons/${id}/judgements/bulk`;
    const lines = items.slice(1).flatMap(({ itemId }) => [
      { itemId, labelerExternalId: 'ann', preference: 'left' },
      { itemId, labelerExternalId: 'ben', preference: 'right' },
    ]);
    const broken = [
      ...lines.slice(0, 3),
      { itemId: unknownId, labelerExternalId: 'ann', preference: 'tie' },
      { nonsense: 1 },
    ];
    const { body: first } = await bulk(path, broken).expect(200);
    expect(first).toMatchObject({ created: 3, duplicates: 0, failed: 2 });
    expect(first.items.slice(3).map(({ code }: { code: string }) => code)).toEqual([
      'item_not_found',
      'validation_failed',
    ]);
    expect((await get(`/v1/comparisons/${id}`)).body).toMatchObject({
      state: 'awaiting_judgements',
      judgedItemCount: 2,
      result: null,
    });
    const { body: all } = await bulk(path, lines).expect(200);
    expect(all).toMatchObject({ created: lines.length - 3, duplicates: 3, failed: 0 });
  });

  test('with the last judgement it is complete, and the sides may be revealed', async () => {
    const { body: comparison } = await get(`/v1/comparisons/${id}`).expect(200);
    expect(comparison).toMatchObject({ state: 'complete', judgedItemCount: 20 });
    const [first] = await itemsOf(id, '&reveal=true');
    // Nineteen items were left once and right once; both said left of the first.
    const won = first.revealed!.candidateSide === 'left';
    expect(comparison.result).toMatchObject({
      n: 20,
      ties: 19,
      wins: won ? 1 : 0,
      losses: won ? 0 : 1,
      winRate: won ? 0.525 : 0.475,
      judgements: 40,
      simulatedJudgements: 0,
    });
    expect(comparison.result.byTag.map(({ tag, n }: { tag: string; n: number }) => [tag, n])).toEqual([[null, 10], ['even', 10]]);
    expect(Number.isFinite(comparison.result.lengthControlled.winRate)).toBe(true);
    // The same reward model alone says of these answers what the proxy said of them.
    const alone = await compared({ type: 'reward-model', rewardModelId });
    const { drift, agreement, ...proxy } = comparison.result.proxy;
    expect(alone.result).toMatchObject(proxy);
    expect(alone.result.proxy).toBeNull();
    expect(drift.value).toBeCloseTo(proxy.winRate - comparison.result.winRate, 12);
    expect(drift.low).toBeLessThanOrEqual(drift.value);
    expect(agreement).toBeLessThanOrEqual(1);
    expect((await get('/v1/comparisons')).body.data.map((row: { id: string }) => row.id)).toContain(id);
  });
});

describe('judged through a labeling batch', () => {
  const judge = () => ({ type: 'labeling-batch', criterionVersionId, vendorIds: [], overlap: 2 });
  interface Task {
    id: string;
    completions: { id: string }[];
  }
  const labelers = async () =>
    (await get('/v1/labelers?limit=500')).body.data as { id: string; externalId: string }[];

  test('tasks of two answers, whose preferences are the result', async () => {
    const comparison = await compared(judge());
    expect(comparison).toMatchObject({ state: 'awaiting_judgements', itemCount: 20, judgedItemCount: 0 });
    const batch = (await get(`/v1/labeling-batches/${comparison.labelingBatchId}`).expect(200)).body;
    expect(batch).toMatchObject({ mode: 'compare', itemCount: 20, overlap: 2, state: 'open' });
    const refused = await post(`/v1/comparisons/${comparison.id}/judgements`, { itemId: unknownId, labelerExternalId: 'ann', preference: 'tie' });
    expect([refused.status, refused.body.code]).toEqual([409, 'not_for_labelers']);
    const sides = await withSql(t, (client) =>
      client.query('SELECT baseline_completion_id AS b, candidate_completion_id AS c FROM comparison_items WHERE comparison_id = $1', [comparison.id]),
    );
    const items = sides.rows as { b: string; c: string }[];
    // Neither side's ids are the earlier ones throughout.
    expect(new Set(items.map(({ b, c }) => b < c)).size).toBe(2);
    const candidates = new Set(items.map(({ c }) => c));
    // Ann always prefers the candidate, Ben never sees a difference.
    for (const name of ['ann', 'ben']) {
      const labelerId = (await labelers()).find(({ externalId }) => externalId === name)!.id;
      const claimed = await post(`/v1/labeling-batches/${batch.id}/tasks/claim`, { labelerId, k: 100 }).expect(200);
      for (const { id, completions } of claimed.body.tasks as Task[]) {
        const better = completions.find((completion) => candidates.has(completion.id))!.id;
        await post(`/v1/tasks/${id}/submit`, { comparison: { preferredCompletionId: name === 'ann' ? better : null } }).expect(200);
      }
    }
    const { body: done } = await get(`/v1/comparisons/${comparison.id}`).expect(200);
    expect(done).toMatchObject({ state: 'complete', judgedItemCount: 20 });
    expect(done.result).toMatchObject({ winRate: 0.75, n: 20, wins: 20, judgements: 40, simulatedJudgements: 0 });
    const [item] = await itemsOf(comparison.id, '&reveal=true');
    expect(item.revealed!.judgements.map(({ preference }) => preference).sort()).toEqual([item.revealed!.candidateSide, 'tie'].sort());
  });

  /** One labeler prefers the candidate in the first `count` tasks; ids of the tasks in the order of their answers. */
  async function preferCandidate(comparison: { id: string; labelingBatchId?: string | null }, count: number): Promise<{ taskId: string; worse: string; both: string[] }[]> {
    const sides = await withSql(t, (client) => client.query('SELECT candidate_completion_id AS c FROM comparison_items WHERE comparison_id = $1', [comparison.id]));
    const candidates = new Set((sides.rows as { c: string }[]).map(({ c }) => c));
    const labelerId = (await labelers()).find(({ externalId }) => externalId === 'ann')!.id;
    const claimed = await post(`/v1/labeling-batches/${comparison.labelingBatchId}/tasks/claim`, { labelerId, k: 100 }).expect(200);
    const done: { taskId: string; worse: string; both: string[] }[] = [];
    for (const { id, completions } of (claimed.body.tasks as Task[]).slice(0, count)) {
      const [better, worse] = [...completions].sort((a, b) => Number(candidates.has(b.id)) - Number(candidates.has(a.id))).map((c) => c.id);
      await post(`/v1/tasks/${id}/submit`, { comparison: { preferredCompletionId: better } }).expect(200);
      done.push({ taskId: id, worse, both: [better, worse] });
    }
    return done;
  }

  test('a corrected judgement changes the result, whoever has looked at it before', async () => {
    const comparison = await compared({ ...judge(), overlap: 1 });
    const tasks = await preferCandidate(comparison, 20);
    const path = `/v1/comparisons/${comparison.id}`;
    expect((await get(path)).body.result).toMatchObject({ winRate: 1, wins: 20, losses: 0 });
    const { taskId, worse } = tasks.at(-1)!;
    await post(`/v1/tasks/${taskId}/correct`, { comparison: { preferredCompletionId: worse } }).expect(200);
    expect((await get(path)).body.result).toMatchObject({ winRate: 0.95, wins: 19, losses: 1, judgements: 20 });
    // The other way of correcting.
    const { rows } = await withSql(t, (client) => client.query('SELECT id FROM preferences WHERE labeling_task_id = $1', [tasks[0].taskId]));
    await post(`/v1/preferences/${(rows as { id: string }[])[0].id}/supersede`, { ranking: [tasks[0].both] }).expect(201);
    expect((await get(path)).body.result).toMatchObject({ winRate: 0.925, wins: 18, losses: 1, ties: 1 });
    expect((await get('/v1/comparisons?limit=500')).body.data.find((row: { id: string }) => row.id === comparison.id).result.ties).toBe(1);
  });

  test('a closed batch ends the comparison, over what was judged', async () => {
    const comparison = await compared({ ...judge(), overlap: 1 });
    await preferCandidate(comparison, 3);
    const path = `/v1/comparisons/${comparison.id}`;
    expect((await get(path)).body).toMatchObject({ state: 'awaiting_judgements', error: null });
    await post(`/v1/labeling-batches/${comparison.labelingBatchId}/close`, {}).expect(200);
    const { body: done } = await get(path).expect(200);
    expect(done).toMatchObject({ state: 'complete', itemCount: 20, judgedItemCount: 3, error: null });
    expect(done.result).toMatchObject({ winRate: 1, n: 3, judgements: 3, unjudgedItems: 17 });
    expect(await itemsOf(comparison.id, '&reveal=true')).toHaveLength(20);
  });

  test.each([0, 1])('a batch that is closed with %i items judged fails it', async (count) => {
    const comparison = await compared({ ...judge(), overlap: 1 });
    await preferCandidate(comparison, count);
    await post(`/v1/labeling-batches/${comparison.labelingBatchId}/close`, {}).expect(200);
    const { body } = await get(`/v1/comparisons/${comparison.id}`).expect(200);
    expect(body).toMatchObject({ state: 'failed', result: null, error: { code: 'comparison_not_judged' } });
    expect(body.error.detail).toContain(`${count} of 20 items`);
  });

  test('a criterion or a vendor that is not there', async () => {
    const refused = async (change: object, code: string, pointer: string) => {
      const answer = await post('/v1/comparisons', body({ ...judge(), ...change })).expect(422);
      expect([answer.body.code, answer.body.errors[0].pointer]).toEqual([code, pointer]);
    };
    await refused({ vendorIds: [unknownId] }, 'vendor_not_found', '/judge/vendorIds/0');
    await refused({ criterionVersionId: unknownId }, 'criterion_version_not_found', '/judge/criterionVersionId');
  });
});

describe('what cannot be compared', () => {
  const refused = async (judge: object, change: object, status: number, code: string, pointer?: string) => {
    const answer = await post('/v1/comparisons', body(judge, change)).expect(status);
    expect(answer.body.code).toBe(code);
    if (pointer) expect(answer.body.errors[0].pointer).toBe(pointer);
  };

  test('unknown inputs, a version with itself, an untrained judge', async () => {
    await refused(
      people(),
      { baselineVersionId: unknownId },
      422,
      'unknown_policy_version',
      '/baselineVersionId',
    );
    await refused(
      people(),
      { candidateVersionId: unknownId },
      422,
      'unknown_policy_version',
      '/candidateVersionId',
    );
    await refused(
      people(),
      { candidateVersionId: baselineVersionId },
      422,
      'same_policy_version',
      '/candidateVersionId',
    );
    await refused(people(), { promptSetId: unknownId }, 422, 'unknown_prompt_set', '/promptSetId');
    const single = await givenPromptSet(t, 'single', ['only one?']);
    await refused(people(), { promptSetId: single }, 422, 'prompt_set_too_small', '/promptSetId');
    await refused(
      { type: 'reward-model', rewardModelId: unknownId },
      {},
      422,
      'unknown_reward_model',
      '/judge/rewardModelId',
    );
    const untrained = await givenRewardModel(t, baselineVersionId, false);
    await refused({ type: 'reward-model', rewardModelId: untrained }, {}, 409, 'reward_model_not_trained');
  });

  test('judges of no known type, with missing or foreign fields', async () => {
    await refused({ type: 'oracle' }, {}, 422, 'validation_failed');
    await refused({}, {}, 422, 'validation_failed');
    await refused({ type: 'labelers' }, {}, 422, 'validation_failed', '/judge/judgementsPerItem');
    await refused(
      { type: 'labelers', judgementsPerItem: 1, rewardModelId },
      {},
      422,
      'unknown_field',
      '/judge/rewardModelId',
    );
    await refused(
      people(),
      { sampling: { temperature: -1 } },
      422,
      'validation_failed',
      '/sampling/temperature',
    );
  });

  test('nothing is judged before there are answers', async () => {
    const { id } = await compared(people());
    await withSql(t, (client) => client.query('UPDATE comparisons SET item_count = 0 WHERE id = $1', [id]));
    const early = await post(`/v1/comparisons/${id}/judgements`, {
      itemId: unknownId,
      labelerExternalId: 'ann',
      preference: 'tie',
    });
    expect([early.status, early.body.code]).toEqual([409, 'comparison_not_ready']);
  });

  test('a proxy beside a reward model, or an unknown one', async () => {
    const judge = { type: 'reward-model', rewardModelId };
    await refused(judge, { proxyRewardModelId: rewardModelId }, 422, 'proxy_without_people', '/proxyRewardModelId');
    await refused(people(), { proxyRewardModelId: unknownId }, 422, 'unknown_reward_model', '/proxyRewardModelId');
  });

  test('unknown comparisons', async () => {
    expect((await get(`/v1/comparisons/${unknownId}`).expect(404)).body.code).toBe('comparison_not_found');
    expect((await get(`/v1/comparisons/${unknownId}/items`).expect(404)).body.code).toBe(
      'comparison_not_found',
    );
  });
});
