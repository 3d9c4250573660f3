// What is told and refused before a run computes anything, and its curve in few points afterwards.
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withSql } from '../factories/ratings.js';
import { givenPairSet, givenPolicyVersion, givenPromptSet, givenRewardModel, trainableCheckpoint } from '../factories/training.js';
import { createTestApp, type TestApp } from '../support/app.js';

type TrainingPlan = Record<'parameters' | 'trainedParameters' | 'floatingPointOperations' | 'trunkBytes', number> & { bytes: Record<string, number> };

let t: TestApp;
let policyVersionId: string;
let pairSetId: string;
let promptSetId: string;
let rewardModelId: string;

const post = (path: string, body: object) => request(t.http).post(path).set(t.admin).send(body);
const get = (path: string) => request(t.http).get(path).set(t.admin);
const pairOf = (letter: string, split: 'train' | 'eval') => ({ prompt: `${letter}?`, chosen: 'yes.', rejected: `${letter} ${letter} ${letter}`, split });

/** The runtime alone is planned with some 100 MiB. */
const limitBytes = 312 * 1024 ** 2;

beforeAll(async () => {
  t = await createTestApp({ MEMORY_LIMIT_BYTES: String(limitBytes) });
  policyVersionId = await givenPolicyVersion(t, 'learner', trainableCheckpoint());
  pairSetId = await givenPairSet(t, [pairOf('a', 'train'), pairOf('b', 'train'), pairOf('c', 'eval'), pairOf('d', 'eval')]);
  promptSetId = await givenPromptSet(t, 'practice', ['who?', 'what is it, and why do you ask?']);
  rewardModelId = await givenRewardModel(t, policyVersionId);
});
afterAll(() => t.close());

const pairs = (hyperparameters: object = {}, change: object = {}) => ({ method: 'dpo', policyVersionId, pairSetId, hyperparameters, ...change });
const rollouts = (hyperparameters: object = {}, method = 'grpo') => ({
  method, policyVersionId, promptSetId, rewardModelId, hyperparameters: { steps: 10, promptsPerStep: 2, groupSize: 2, maxTokens: 8, ...hyperparameters },
});

describe('a plan', () => {
  test.each(['sft', 'dpo', 'grpo', 'rloo', 'ppo'])('of %s has parts that add up, and starts nothing', async (method) => {
    const body = method === 'sft' || method === 'dpo' ? pairs({}, { method }) : rollouts({}, method);
    const { body: plan } = await post('/v1/training-runs/plan', body).expect(200);
    const { peak, ...parts } = plan.bytes as Record<string, number>;
    expect(Object.values(parts).reduce((total, bytes) => total + bytes, 0)).toBe(peak);
    expect(plan).toMatchObject({ trainedParameters: plan.parameters, limitBytes, fits: true });
    expect(plan.secondsPerStep).toBeGreaterThan(0);
    expect(plan).toMatchObject({ steps: 'promptSetId' in body ? 10 : 1, seconds: plan.steps * plan.secondsPerStep });
    expect(parts.rewards > 0).toBe(method !== 'sft' && method !== 'dpo');
    expect(parts.value > 0).toBe(method === 'ppo');
    expect((await get('/v1/training-runs').expect(200)).body.data).toEqual([]);
  });

  test.each([['dpo', {}, 6], ['dpo', { maxSteps: 4 }, 4], ['sft', {}, 3]])('of %s with %o counts the steps', async (method, change, steps) => {
    // Two prompts to learn with two completions each, of which one was preferred.
    const { body: plan } = await post('/v1/training-runs/plan', pairs({ batchSize: 2, epochs: 3, ...change }, { method })).expect(200);
    expect(plan.steps).toBe(steps);
  });

  test('counts every member of an ensemble, and a value model as it is', async () => {
    const bytesOf = async (hyperparameters: object, method: string): Promise<Record<string, number>> =>
      (await post('/v1/training-runs/plan', rollouts(hyperparameters, method)).expect(200)).body.bytes;
    const [single, whole] = [await bytesOf({}, 'grpo'), await bytesOf({}, 'ppo')];
    const lora = { rank: 2, alpha: 4, targetModules: ['q_proj'] };
    expect((await bytesOf({ lora }, 'ppo')).value).toBeLessThan(whole.value / 10);
    expect((await bytesOf({ valueStart: 'reward-model' }, 'ppo')).value).toBeGreaterThan(whole.value);
    await withSql(t, (client) => client.query(
      'INSERT INTO reward_model_members (reward_model_id, member, model_id, training) SELECT reward_model_id, 1, model_id, training FROM reward_model_members WHERE reward_model_id = $1',
      [rewardModelId]));
    expect((await bytesOf({}, 'grpo')).rewards).toBe(2 * single.rewards);
    await withSql(t, (client) => client.query('DELETE FROM reward_model_members WHERE reward_model_id = $1 AND member = 1', [rewardModelId]));
  });

  test('that does not fit is told, and its run refused', async () => {
    const large = rollouts({ promptsPerStep: 64, groupSize: 16, maxTokens: 128, microBatchTokens: null });
    const { body: plan } = await post('/v1/training-runs/plan', large).expect(200);
    expect(plan.fits).toBe(false);
    const { body } = await post('/v1/training-runs', large).expect(422);
    expect(body).toMatchObject({ code: 'training_does_not_fit', errors: [{ pointer: '/hyperparameters', rule: 'memory' }] });
    const { body: inParts } = await post('/v1/training-runs/plan', rollouts({ promptsPerStep: 64, groupSize: 16, maxTokens: 128, microBatchTokens: 512 })).expect(200);
    expect(inParts.bytes.activations).toBeLessThan(plan.bytes.activations / 10);
    expect((await post('/v1/training-runs/plan', rollouts({ promptsPerStep: 64, groupSize: 16, maxTokens: 128, microBatchTokens: 0 })).expect(200)).body).toEqual(plan);
  });
});

test.each(['sft', 'dpo'])('a plan of %s on the upper layers counts what is trained, and what is kept on disk', async (method) => {
  const plan = async (hyperparameters: object) =>
    (await post('/v1/training-runs/plan', pairs(hyperparameters, { method })).expect(200)).body as TrainingPlan;
  const [all, upper, once] = [await plan({ epochs: 2 }), await plan({ epochs: 2, trainedLayers: 1 }), await plan({ epochs: 1, trainedLayers: 1 })];
  expect(all).toMatchObject({ trainedParameters: all.parameters, trunkBytes: 0 });
  const { tensors, config } = trainableCheckpoint();
  const trained = Object.entries(tensors).filter(([name]) => /layers\.1\.|model\.norm\./.test(name));
  expect(upper).toMatchObject({ parameters: all.parameters, trainedParameters: trained.reduce((total, [, { data }]) => total + data.length, 0) });
  expect(upper.bytes.trained).toBe(12 * upper.trainedParameters);
  expect(upper.floatingPointOperations).toBeLessThan(0.9 * all.floatingPointOperations);
  // The texts of the set have 33 characters, each a token or less, and there are some tokens around them.
  expect(upper.trunkBytes / (4 * config.hiddenSize)).toBeGreaterThan(30);
  expect(upper.trunkBytes / (4 * config.hiddenSize)).toBeLessThan(70);
  // With one epoch, supervised training reads its own data once, and the evaluation's twice.
  expect(once.trunkBytes > 0).toBe(true);
  expect(once.trunkBytes < upper.trunkBytes).toBe(method === 'sft');
  expect(once.floatingPointOperations > upper.floatingPointOperations).toBe(method === 'sft');
});

describe('refused before anything is computed', () => {
  test.each<[string, () => object, string, string]>([
    ['checkpoints beyond the end', () => rollouts({ checkpointEvery: 11 }), 'hyperparameters_impossible', '/hyperparameters/checkpointEvery'],
    ['evaluations beyond the end', () => pairs({ maxSteps: 3, evaluateEvery: 4 }), 'hyperparameters_impossible', '/hyperparameters/evaluateEvery'],
    ['the best of what is never evaluated', () => rollouts({ keep: 'best' }), 'hyperparameters_impossible', '/hyperparameters/evaluateEvery'],
    ['smoothing of a loss without', () => pairs({ lossType: 'ipo', labelSmoothing: 0.1 }), 'hyperparameters_impossible', '/hyperparameters/labelSmoothing'],
    ['low rank above full rank', () => pairs({ lora: { rank: 64, alpha: 1, targetModules: ['q_proj'] } }), 'hyperparameters_impossible', '/hyperparameters/lora/rank'],
    ['maps that the policy does not have', () => pairs({ lora: { rank: 2, alpha: 1, targetModules: ['c_attn'] } }), 'lora_target_unknown', '/hyperparameters/lora/targetModules'],
    ['low rank above full rank, of a method that samples', () => rollouts({ lora: { rank: 64, alpha: 1, targetModules: ['q_proj'] } }, 'ppo'), 'hyperparameters_impossible', '/hyperparameters/lora/rank'],
    ['more layers than the policy has', () => pairs({ trainedLayers: 3 }), 'hyperparameters_impossible', '/hyperparameters/trainedLayers'],
    ['no layer at all', () => pairs({ trainedLayers: 0 }), 'validation_failed', '/hyperparameters/trainedLayers'],
    ['upper layers of a method that samples', () => rollouts({ trainedLayers: 1 }), 'unknown_field', '/hyperparameters/trainedLayers'],
    ['no room for a completion', () => pairs({ maxTokens: 2 }), 'no_training_data', '/hyperparameters/maxTokens'],
    ['a keep that is none', () => pairs({ keep: 'first' }), 'validation_failed', '/hyperparameters/keep'],
  ])('%s', async (_name, body, code, pointer) => {
    const { body: problem } = await post('/v1/training-runs', body()).expect(422);
    expect([problem.code, problem.errors[0].pointer]).toEqual([code, pointer]);
    expect((await get('/v1/jobs').expect(200)).body.data).toEqual([]);
  });

  test('pairs of one prompt, and the best of what keeps nothing apart', async () => {
    for (const [train, evaluated] of [['x', ''], ['u', 'vw'], ['rs', 't']]) {
      const one = await givenPairSet(t, [...[...train].map((letter) => pairOf(letter, 'train')), ...[...evaluated].map((letter) => pairOf(letter, 'eval'))]);
      const { body } = await post('/v1/training-runs', pairs({}, { pairSetId: one })).expect(422);
      expect(body).toMatchObject({ code: 'pair_set_one_prompt', errors: [{ pointer: '/pairSetId' }], detail: expect.stringContaining(train.length === 1 ? 'train' : 'eval') });
    }
    const learned = await givenPairSet(t, [pairOf('y', 'train'), pairOf('z', 'train')]);
    const { body } = await post('/v1/training-runs', pairs({ keep: 'best' }, { pairSetId: learned })).expect(422);
    expect(body).toMatchObject({ code: 'nothing_held_out', errors: [{ pointer: '/hyperparameters/keep' }] });
  });
});

test('a long curve in few points, in part, by name, and beside the verdict', async () => {
  const { body: run } = await post('/v1/training-runs', rollouts()).expect(202);
  await withSql(t, (client) => client.query(
    `INSERT INTO job_metrics (job_id, step, values)
     SELECT $1, n, jsonb_build_object('kl', CASE WHEN n = 777 THEN 99 ELSE 0.001 * n END, 'reward', CASE WHEN n = 5 THEN NULL ELSE 1 END)
     FROM generate_series(1, 5000) n`, [run.jobId]));
  const path = `/v1/training-runs/${run.id}`;
  const { body: curve } = await get(`${path}/metrics?maxPoints=50`).expect(200);
  expect(curve).toMatchObject({ hasMore: false, nextCursor: null });
  expect(curve.data).toHaveLength(50);
  expect(curve.data[0]).toMatchObject({ step: 100, values: { reward: 1 }, bucket: { fromStep: 1, steps: 100, min: { kl: 0.001 }, notFinite: { reward: 1 } } });
  expect(curve.data[7].bucket.max.kl).toBe(99);
  const { body: part } = await get(`${path}/metrics?from=776&to=778&names=kl`).expect(200);
  expect(part.data).toEqual([776, 777, 778].map((step) => ({ step, values: { kl: step === 777 ? 99 : 0.001 * step }, bucket: null })));
  const { body: whole } = await get(`${path}/metrics?from=776&to=778&names=kl&maxPoints=10`).expect(200);
  expect(whole.data.map((entry: { bucket: { steps: number } }) => entry.bucket.steps)).toEqual([1, 1, 1]);
  expect((await get(`${path}/metrics?from=3&to=2`).expect(422)).body).toMatchObject({ code: 'step_range_empty', errors: [{ pointer: '/to' }] });
  await get(`${path}/metrics?maxPoints=0`).expect(422);

  const running = (await get(`${path}/diagnostics`).expect(200)).body;
  expect(running).toMatchObject({ status: null, stopped: null, findings: [] });
  const findings = [{ check: 'kl_size', status: 'failed', value: 9, threshold: 2, message: 'too far', advice: 'Raise beta.' }];
  await withSql(t, (client) => client.query('UPDATE training_runs SET verdict = $2 WHERE id = $1', [run.id, JSON.stringify({ status: 'failed', findings })]));
  const { body: found } = await get(`${path}/diagnostics`).expect(200);
  expect(found).toMatchObject({ status: 'failed', findings: [{ ...findings[0], series: ['kl'] }] });
  expect(found.series.map(({ name }: { name: string }) => name)).toEqual(['kl']);
  expect(Math.max(...found.series[0].points.map((point: { max: number }) => point.max))).toBe(99);
  await get('/v1/training-runs/019a8a5e-0000-7000-8000-000000000001/diagnostics').expect(404);
});

test.each(['sft', 'dpo', 'grpo', 'rloo', 'ppo'])('a plan of %s chooses what is computed at once, and the run records it', async (method) => {
  const heavy = { promptsPerStep: 64, groupSize: 16, maxTokens: 128 };
  const isDataset = method === 'sft' || method === 'dpo';
  const body = isDataset ? pairs({}, { method }) : rollouts(heavy, method);
  const { body: plan } = await post('/v1/training-runs/plan', body).expect(200);
  const { body: run } = await post('/v1/training-runs', body).expect(202);
  expect(run.hyperparameters.microBatchTokens).toBe(plan.microBatchTokens);
  // Two short prompts are computed at once.
  expect([plan.microBatchTokens === null, plan.runsPerStep === 1, plan.fits]).toEqual([isDataset, isDataset, true]);
  for (const [given, kept] of [[100, 100], [0, null], [null, null]]) {
    const own = isDataset ? pairs({ microBatchTokens: given }, { method }) : rollouts({ microBatchTokens: given }, method);
    expect((await post('/v1/training-runs', own).expect(202)).body.hyperparameters.microBatchTokens).toBe(kept);
  }
});
