import { setTimeout as sleep } from 'node:timers/promises';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { newId } from '#src/common/id.js';
import { PairsWorkerModule } from '#src/pairs/pairs-worker.module.js';
import { RewardWorkerModule } from '#src/reward/reward-worker.module.js';
import { builtPairSet, givenPolitePairs } from '../factories/preferences.js';
import { withSql } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { createTinyPolicy } from '../support/tiny-policy.js';
import { settled, startNode, type Node } from './jobs-fixture.js';

// Training takes seconds, and a machine may be busy with other things.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let t: TestApp;
let worker: Node;
let pairSetId: string;
let criterionVersionId: string;
let basePolicyVersionId: string;
let sample: { promptId: string };

const post = (path: string, body: object) => request(t.http).post(path).set(t.admin).send(body);
const get = (path: string) => request(t.http).get(path).set(t.admin);
const settings = { learningRate: 3e-3, epochs: 4, batchSize: 32, maxTokens: 64 };

const start = async (hyperparameters: object) => {
  const body = { name: `model ${newId()}`, pairSetId, basePolicyVersionId, hyperparameters: { ...settings, ...hyperparameters } };
  return (await post('/v1/reward-models', body).expect(202)).body as { id: string; jobId: string };
};
const finished = async ({ id, jobId }: { id: string; jobId: string }) => {
  expect(await settled(worker, jobId, undefined, 240_000)).toMatchObject({ state: 'succeeded', error: null });
  return (await get(`/v1/reward-models/${id}`).expect(200)).body;
};

beforeAll(async () => {
  t = await createTestApp();
  const env = { DATABASE_URL: t.database.url, PLUMBLINE_DATA_DIR: t.config.dataDir, JOB_LEASE_SECONDS: '10' };
  worker = await startNode(env, ['pair-building', 'reward-training', 'scoring'], [PairsWorkerModule, RewardWorkerModule]);
  basePolicyVersionId = (await createTinyPolicy(t)).versionId;
  ({ pairSetId, criterionVersionId, sample } = await givenPolitePairs(t, worker, { ties: 'keep' }));
});
afterAll(async () => {
  await worker.close();
  await t.close();
});

test('a reward model that diverges ends with a verdict, on the last weights from which a step went well', async () => {
  const { evaluation, verdict } = await finished(await start({ lora: { rank: 2, alpha: 1e30 }, maxSteps: 4 }));
  expect(verdict.status).toBe('failed');
  expect(verdict.findings[0]).toMatchObject({ check: 'finite', status: 'failed', message: expect.stringContaining('the loss of step') });
  expect(evaluation.accuracy.value).toBeGreaterThan(0);
});

describe('an ensemble that stops early, on ties and without length', () => {
  let model: Awaited<ReturnType<typeof finished>>;
  beforeAll(async () => {
    const earlyStopping = { evaluateEvery: 3, patience: 2, metric: 'accuracy' };
    model = await finished(await start({ members: 2, ties: 'half', lengthDebias: 'product_of_experts', pairWeights: 'prompt', earlyStopping }));
  });

  test('reports each member, the whole, and how far they disagree', () => {
    const { evaluation, hyperparameters } = model;
    expect(hyperparameters).toMatchObject({ members: 2, ties: 'half', earlyStopping: { evaluateEvery: 3, patience: 2, validationFraction: 0.1 } });
    expect(evaluation.members.map(({ member }: { member: number }) => member)).toEqual([0, 1]);
    expect(evaluation.members[0].rewardMean).not.toBe(evaluation.members[1].rewardMean);
    for (const { accuracy } of evaluation.members) expect(accuracy).toBeGreaterThan(0.8);
    expect(evaluation.accuracy.value).toBeGreaterThan(0.8);
    expect(evaluation.disagreement).toBeGreaterThan(0);
    expect(evaluation.rewardMean).toBeCloseTo(0, 9);
    expect(evaluation.trainAccuracy).toBeGreaterThan(0.8);
  });

  test('is calibrated, cut into parts and audited', () => {
    const { evaluation, verdict } = model;
    const { calibration, evalPairs } = evaluation;
    expect(calibration.temperature).toBeGreaterThan(0);
    expect(calibration.bins.reduce((total: number, { pairs }: { pairs: number }) => total + pairs, 0)).toBe(evalPairs);
    const slices = new Map(evaluation.slices.map((slice: { by: string; value: string }) => [`${slice.by} ${slice.value}`, slice]));
    expect(slices.get('tag even')).toMatchObject({ nulls: { first: expect.any(Number) } });
    const lengths = ['short', 'medium', 'long'].map((value) => (slices.get(`length ${value}`) as { pairs: number }).pairs);
    expect(lengths.reduce((a, b) => a + b)).toBe(evalPairs);
    expect(evaluation.bestNull.gain.value).toBeCloseTo(evaluation.accuracy.value - evaluation.nulls[evaluation.bestNull.rule], 9);
    expect(verdict.findings.find(({ check }: { check: string }) => check === 'beats_nulls').status).toBe('healthy');
  });

  test('shows validation figures in its curve, and both members one after the other', async () => {
    const { body } = await get(`/v1/reward-models/${model.id}/metrics?limit=500`).expect(200);
    const values = body.data.map((point: { values: Record<string, number> }) => point.values) as Record<string, number>[];
    expect(values.length).toBe(model.evaluation.steps);
    expect(new Set(values.map(({ member }) => member))).toEqual(new Set([0, 1]));
    const evaluated = values.flatMap((point, i) => ('eval_loss' in point && point.member === 0 ? [i + 1] : []));
    expect(evaluated[0]).toBe(3);
  });

  test('scores by all members', async () => {
    const { body } = await post(`/v1/reward-models/${model.id}/score`, { promptId: sample.promptId }).expect(200);
    expect(body.complete).toBe(true);
    expect(body.ranking).toHaveLength(4);
    const members = await withSql(t, async (client) =>
      (await client.query('SELECT model_id, training FROM reward_model_members WHERE reward_model_id = $1 ORDER BY member', [model.id])).rows,
    );
    expect(members.map((row) => row.model_id)[0]).toBe(model.modelId);
    expect(members[1].model_id).not.toBe(members[0].model_id);
    expect(members[0].training.lengthBias.scale).toBeGreaterThan(0);
  });
});

test('paused and resumed, even in the second member, it comes to the same bits', async () => {
  const ensemble = { members: 2, epochs: 3 };
  const straight = await finished(await start(ensemble));
  const disturbed = await start(ensemble);
  for (const steps of [2, 9]) {
    while ((await get(`/v1/reward-models/${disturbed.id}/metrics?limit=500`)).body.data.length < steps) await sleep(10);
    await post(`/v1/jobs/${disturbed.jobId}/pause`, {}).expect(202);
    while ((await get(`/v1/jobs/${disturbed.jobId}`)).body.state !== 'paused') await sleep(10);
    await post(`/v1/jobs/${disturbed.jobId}/resume`, {}).expect(202);
  }
  const resumed = await finished(disturbed);
  const { body: logs } = await get(`/v1/jobs/${disturbed.jobId}/logs`).expect(200);
  expect(logs.data.map(({ message }: { message: string }) => message)).toEqual(expect.arrayContaining([expect.stringMatching(/continues after step/)]));
  expect(resumed.modelId).toBe(straight.modelId);
  expect({ ...resumed.evaluation }).toEqual(straight.evaluation);
});

describe('scores', () => {
  let model: { id: string };
  const score = (body: object, wait = 60) => post(`/v1/reward-models/${model.id}/score`, body).set('prefer', `wait=${wait}`);
  const scoreTexts = (texts: object[], wait = 60) => post(`/v1/reward-models/${model.id}/score-texts`, { texts }).set('prefer', `wait=${wait}`);
  const jobsOf = () => withSql(t, async (client) => Number((await client.query(`SELECT count(*) FROM jobs WHERE type = 'reward-model.score'`)).rows[0].count));
  beforeAll(async () => {
    model = await finished(await start({ members: 2, maxSteps: 6 }));
  });

  test('of texts: ranked within their prompts, kept by hash, shared with completions', async () => {
    const prompt = (await get(`/v1/prompts/${sample.promptId}`)).body.text as string;
    const own = await withSql(t, async (client) =>
      (await client.query('SELECT id, text FROM completions WHERE prompt_id = $1 ORDER BY id', [sample.promptId])).rows as { id: string; text: string }[],
    );
    const texts = [...own.map(({ text }) => ({ prompt, completion: text })), { prompt: 'another', completion: 'b' }, { prompt, completion: own[0].text }];
    const { body: first } = await scoreTexts(texts).expect(200);
    expect(first).toMatchObject({ rewardModelId: model.id, complete: true, jobId: expect.any(String) });
    expect(first.scores.map(({ index }: { index: number }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(first.scores[4].rank).toBe(1);
    expect(first.scores[5]).toEqual({ ...first.scores[0], index: 5 });
    expect(first.scores[0].disagreement).toBeGreaterThan(0);
    const jobs = await jobsOf();
    expect((await scoreTexts(texts).expect(200)).body).toEqual({ ...first, jobId: null });
    expect(await jobsOf()).toBe(jobs);
    // The completions have the same texts: their job finds the scores by hash.
    const { body: ranked } = await score({ promptId: sample.promptId }).expect(200);
    for (const { completionId, score: reward, disagreement } of ranked.ranking) {
      const at = own.findIndex(({ id }) => id === completionId);
      expect([reward, disagreement]).toEqual([first.scores[at].score, first.scores[at].disagreement]);
    }
    const left = await withSql(t, async (client) => (await client.query('SELECT count(*)::int AS n FROM text_scores WHERE prompt IS NOT NULL')).rows[0].n);
    expect(left).toBe(0);
  });

  test('of several prompts; within a time, then by the job', async () => {
    const prompts = await withSql(t, async (client) => (await client.query('SELECT id FROM prompts ORDER BY id LIMIT 3')).rows.map(({ id }) => id as string));
    const early = await score({ promptIds: prompts }, 0).expect(202);
    expect(early.body.complete).toBe(false);
    expect(await settled(worker, early.body.jobId)).toMatchObject({ state: 'succeeded' });
    const { body } = await score({ promptIds: prompts }).expect(200);
    expect(body).toMatchObject({ complete: true, jobId: null });
    expect(body.ranking.map(({ rank }: { rank: number }) => rank)).toEqual([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]);
  });

  test('the pairs that members disagree about, most disputed first', async () => {
    const completionIds = (await score({ promptId: sample.promptId })).body.ranking.map(({ completionId }: { completionId: string }) => completionId);
    const path = `/v1/reward-models/${model.id}/disagreement`;
    const { body } = await post(path, { promptId: sample.promptId, completionIds }).expect(200);
    expect(body.pairs).toHaveLength(6);
    const sizes = body.pairs.map(({ disagreement }: { disagreement: number }) => disagreement);
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    const other = await withSql(t, async (client) => (await client.query('SELECT id, prompt_id FROM completions ORDER BY id LIMIT 2')).rows);
    const wrong = { promptId: sample.promptId, completionIds: other.map(({ id }) => id) };
    expect((await post(path, wrong).expect(422)).body).toMatchObject({ code: 'completion_of_other_prompt', errors: [{ pointer: '/completionIds/0' }] });
  });

  test('limits', async () => {
    const text = { prompt: 'p', completion: 'c' };
    const many = await post(`/v1/reward-models/${model.id}/score-texts`, { texts: Array.from({ length: 257 }, () => text) }).expect(422);
    expect(many.body).toMatchObject({ code: 'validation_failed', errors: [{ pointer: '/texts', rule: 'arrayMaxSize' }] });
    const long = await scoreTexts([{ ...text, completion: 'x'.repeat(100_001) }]).expect(422);
    expect(long.body.errors[0]).toMatchObject({ pointer: '/texts/0/completion', rule: 'maxLength' });
    expect((await score({ promptId: sample.promptId, promptIds: [sample.promptId] }).expect(422)).body.code).toBe('score_target');
    expect((await score({ promptIds: [sample.promptId, newId()] }).expect(404)).body.code).toBe('prompt_not_found');
    await withSql(t, (client) =>
      client.query(
        `INSERT INTO text_scores (reward_model_id, text_hash, prompt, completion) SELECT $1, 'waits ' || n, 'p', 'c' FROM generate_series(1, 20000) n`,
        [model.id],
      ),
    );
    const full = await scoreTexts([{ prompt: 'one', completion: 'more' }]).expect(429);
    expect(full.body.code).toBe('scoring_backlog_full');
    expect(full.headers['retry-after']).toBe('30');
    // What is known is answered all the same.
    expect((await scoreTexts([{ prompt: 'another', completion: 'b' }]).expect(200)).body.complete).toBe(true);
    await withSql(t, (client) => client.query(`DELETE FROM text_scores WHERE text_hash LIKE 'waits %'`));
  });
});

describe('refused before anything is computed', () => {
  const refused = async (body: object, code: string, pointer: string) => {
    const answer = await post('/v1/reward-models', { name: `bad ${newId()}`, pairSetId, basePolicyVersionId, ...body }).expect(422);
    expect(answer.body).toMatchObject({ code, errors: [{ pointer }] });
  };

  test('what only the pairwise objective knows', async () => {
    const pointwise = (rest: object) => ({ hyperparameters: { objective: 'pointwise', ...rest } });
    await refused(pointwise({ ties: 'rao_kupper' }), 'hyperparameters_conflict', '/hyperparameters/ties');
    await refused(pointwise({ lengthDebias: 'product_of_experts' }), 'hyperparameters_conflict', '/hyperparameters/lengthDebias');
    await refused(pointwise({ marginPerPoint: 1 }), 'hyperparameters_conflict', '/hyperparameters/marginPerPoint');
  });

  test('low-rank factors that the policy cannot have', async () => {
    await refused({ hyperparameters: { lora: { targetModules: ['c_attn'] } } }, 'lora_target_unknown', '/hyperparameters/lora/targetModules');
    await refused({ hyperparameters: { lora: { rank: 512 } } }, 'hyperparameters_impossible', '/hyperparameters/lora/rank');
  });

  test('values out of range', async () => {
    await refused({ hyperparameters: { members: 0 } }, 'validation_failed', '/hyperparameters/members');
    await refused({ hyperparameters: { earlyStopping: { patience: 0 } } }, 'validation_failed', '/hyperparameters/earlyStopping/patience');
  });

  test('splits of one prompt, and a validation of less than two', async () => {
    const few = await builtPairSet(t, worker, { criterionVersionId, evalFraction: 0, strategy: 'sample', pairsPerPrompt: 1, seed: 3 });
    await withSql(t, (client) => client.query('DELETE FROM pairs WHERE pair_set_id = $1 AND ordinal > 1', [few]));
    const fraction = '/hyperparameters/earlyStopping/validationFraction';
    await refused({ pairSetId: few, hyperparameters: { earlyStopping: { validationFraction: 0.01 } } }, 'validation_split_too_small', fraction);
    // Of two prompts one at most is left to either.
    await refused({ pairSetId: few, hyperparameters: { earlyStopping: { validationFraction: 0.5 } } }, 'validation_split_too_small', fraction);
    await withSql(t, (client) => client.query('DELETE FROM pairs WHERE pair_set_id = $1 AND ordinal > 0', [few]));
    await refused({ pairSetId: few }, 'pair_set_one_prompt', '/pairSetId');
  });
});
