// The methods beside GRPO, from the request to the next policy version; training-runs.spec.ts has what all share.
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#src/common/id.js';
import { Database } from '#src/database/database.js';
import type { JobContext } from '#src/jobs/job-handler.js';
import { TrainingRunHandler } from '#src/training/runners/training-run.handler.js';
import { TrainingWorkerModule } from '#src/training/training-worker.module.js';
import { withSql } from '../factories/ratings.js';
import { givenPairSet, givenPolicyVersion, givenPromptSet, givenRewardModel, trainableCheckpoint } from '../factories/training.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { settled, startNode, type Node } from './jobs-fixture.js';

let t: TestApp;
let worker: Node;
let policyVersionId: string;
let pairSetId: string;
const unknownId = '019a8a5e-0000-7000-8000-000000000001';
const settings = { epochs: 3, batchSize: 8, learningRate: 0.01, schedule: 'constant' };

const post = (path: string, body: object) => request(t.http).post(path).set(t.admin).send(body);
const get = (path: string) => request(t.http).get(path).set(t.admin);

/** The same short answer is preferred whatever the question. */
const pairOf = (letter: string, split: 'train' | 'eval') => ({ prompt: `${letter}?`, chosen: 'yes.', rejected: `${letter} ${letter} ${letter}`, split });

beforeAll(async () => {
  t = await createTestApp();
  const env = { DATABASE_URL: t.database.url, PLUMBLINE_DATA_DIR: t.config.dataDir, JOB_LEASE_SECONDS: '10', COMPUTE_THREADS: '1' };
  worker = await startNode(env, ['fine-tuning'], [TrainingWorkerModule]);
  policyVersionId = await givenPolicyVersion(t, 'learner', trainableCheckpoint());
  pairSetId = await givenPairSet(t, [
    ...[...'abcdefghijkl'].map((letter) => pairOf(letter, 'train')),
    ...[...'mnop'].map((letter) => pairOf(letter, 'eval')),
  ]);
});
afterAll(async () => {
  await worker.close();
  await t.close();
});

const body = (method: string, change: object = {}) => ({ method, policyVersionId, pairSetId, hyperparameters: settings, ...change });

async function trained(request_: object) {
  const created = await post('/v1/training-runs', request_).expect(202);
  expect(await settled(worker, created.body.jobId, undefined, 60_000)).toMatchObject({ state: 'succeeded', error: null });
  return (await get(`/v1/training-runs/${created.body.id}`).expect(200)).body;
}

const modelOf = (versionId: string): Promise<string> =>
  withSql(t, async (client) => (await client.query('SELECT model_id FROM policy_versions WHERE id = $1', [versionId])).rows[0].model_id as string);

describe('supervised fine-tuning', () => {
  test('lowers the loss on held-out prompts and makes the next version, traced to the pair set', async () => {
    const run = await trained(body('sft'));
    expect(run).toMatchObject({ method: 'sft', policyVersionId, pairSetId, rewardModelId: null, promptSetId: null });
    expect(run.hyperparameters).toMatchObject({ ...settings, completions: 'best', maxTokens: 512, lora: null, seed: 1 });
    expect(run.summary).toMatchObject({ steps: 6, split: 'eval', examples: 12, evaluationExamples: 4, truncated: 0, dropped: 0 });
    expect(run.summary.lossAfter).toBeLessThan(run.summary.lossBefore);
    expect(run.verdict.findings.map(({ check }: { check: string }) => check)).toContain('overfitting');
    const { body: version } = await get(`/v1/policy-versions/${run.resultPolicyVersionId}`).expect(200);
    expect(version).toMatchObject({ origin: 'trained', parentVersionId: policyVersionId });
    const { body: curve } = await get(`/v1/training-runs/${run.id}/metrics`).expect(200);
    expect(curve.data).toHaveLength(6);
    expect(curve.data[1].values).toMatchObject({ mean_token_accuracy: expect.any(Number), eval_loss: expect.any(Number) });
    expect((await get(`/v1/training-runs/${run.id}/samples`).expect(200)).body.data).toEqual([]);
    const { body: lineage } = await get(`/v1/lineage?type=training_run&id=${run.id}&direction=up`).expect(200);
    expect(JSON.stringify(lineage)).toContain(pairSetId);
  });

  test('without held-out prompts it says that it was measured on what it learned', async () => {
    const learned = await givenPairSet(t, [pairOf('a', 'train'), pairOf('b', 'train')]);
    const run = await trained(body('sft', { pairSetId: learned }));
    expect(run.summary.split).toBe('train');
    expect(run.verdict.findings).toContainEqual(expect.objectContaining({ check: 'held_out', status: 'warning' }));
  });
});

describe('direct preference optimization', () => {
  test('raises the margin on held-out pairs, the same bits for the same seed', async () => {
    const [a, b] = [await trained(body('dpo')), await trained(body('dpo'))];
    expect(a.hyperparameters).toMatchObject({ ...settings, beta: 0.1, lossType: 'sigmoid', labelSmoothing: 0 });
    expect(a.summary).toMatchObject({ steps: 9, split: 'eval', pairs: 12, evaluationPairs: 4 });
    expect(a.summary.lossBefore).toBeCloseTo(Math.LN2, 4);
    expect(a.summary.lossAfter).toBeLessThan(a.summary.lossBefore);
    expect(a.summary.margin).toBeGreaterThan(0);
    expect(await modelOf(b.resultPolicyVersionId)).toBe(await modelOf(a.resultPolicyVersionId));
  });

  test('a run that was broken off and taken up again ends with the same bits', async () => {
    const straight = await trained(body('dpo'));
    const { body: created } = await post('/v1/training-runs', body('dpo')).expect(202);
    await post(`/v1/jobs/${created.jobId}/cancel`, {});
    await settled(worker, created.jobId, undefined, 60_000);
    const handler = worker.get(TrainingRunHandler);
    await expect(handler.run({ trainingRunId: created.id }, contextOf(3))).rejects.toThrow('killed');
    await handler.run({ trainingRunId: created.id }, contextOf());
    const { body: run } = await get(`/v1/training-runs/${created.id}`).expect(200);
    expect(run.summary).toEqual(straight.summary);
    expect(await modelOf(run.resultPolicyVersionId)).toBe(await modelOf(straight.resultPolicyVersionId));
  });
});

/** A context that breaks off after a step, as a killed worker does, and one that does not. */
function contextOf(breakAt = Infinity): JobContext {
  const database = worker.get(Database);
  return {
    jobId: newId(),
    attempt: 1,
    signal: new AbortController().signal,
    abandoned: new AbortController().signal,
    progress: (done) => (done === breakAt ? Promise.reject(new Error('killed')) : Promise.resolve()),
    phase: () => undefined,
    log: () => undefined,
    metrics: () => Promise.resolve(),
    kept: () => Promise.resolve(),
    commit: (work) => database.transaction(work),
  };
}

test('leave-one-out REINFORCE raises the reward', async () => {
  const rewardModelId = await givenRewardModel(t, policyVersionId);
  const promptSetId = await givenPromptSet(t, 'practice', ['who?', 'what is it?', 'when', 'where?', 'how', 'why not?']);
  const hyperparameters = { steps: 10, promptsPerStep: 4, groupSize: 6, maxTokens: 8, learningRate: 0.02, schedule: 'constant', beta: 0.001, evaluationPrompts: 6 };
  const run = await trained({ method: 'rloo', policyVersionId, rewardModelId, promptSetId, hyperparameters });
  expect(run).toMatchObject({ method: 'rloo', pairSetId: null, rewardModelId });
  expect(run.hyperparameters).toMatchObject({ ...hyperparameters, normalizeAdvantages: false });
  expect(run.summary.rewardAfter).toBeGreaterThan(run.summary.rewardBefore);
  expect((await get(`/v1/training-runs/${run.id}/samples?step=3`).expect(200)).body.data).toHaveLength(16);
});

describe('what cannot be trained', () => {
  const refused = async (given: object, status: number, code: string, pointer?: string) => {
    const answer = await post('/v1/training-runs', given).expect(status);
    expect(answer.body.code).toBe(code);
    if (pointer) expect(answer.body.errors[0].pointer).toBe(pointer);
  };

  test('unknown pair sets, unfinished ones, those with ties alone, and policies without weights', async () => {
    await refused(body('dpo', { pairSetId: unknownId }), 422, 'unknown_pair_set', '/pairSetId');
    await refused(body('sft', { pairSetId: await givenPairSet(t, [pairOf('a', 'train')], false) }), 409, 'pair_set_not_ready');
    await refused(body('dpo', { pairSetId: await givenPairSet(t, [pairOf('a', 'eval')]) }), 422, 'pair_set_empty', '/pairSetId');
    await refused(body('sft', { pairSetId: await givenPairSet(t, [{ ...pairOf('a', 'train'), tie: true }]) }), 422, 'pair_set_empty');
    await refused(body('sft', { policyVersionId: unknownId }), 422, 'unknown_policy_version', '/policyVersionId');
    const { body: policy } = await post('/v1/policies', { name: 'served elsewhere' }).expect(201);
    const endpoint = { baseUrl: 'https://models.example/v1', model: 'm' };
    const { body: version } = await post(`/v1/policies/${policy.id}/versions`, { endpoint }).expect(201);
    await refused(body('dpo', { policyVersionId: version.id }), 422, 'policy_version_without_weights', '/policyVersionId');
  });

  test('inputs and hyperparameters of another method, and values out of range', async () => {
    await refused({ policyVersionId, pairSetId }, 422, 'validation_failed', '/method');
    await refused(body('toString'), 422, 'validation_failed', '/method');
    await refused([], 422, 'validation_failed', '/method');
    await refused(body('dpo', { promptSetId: unknownId }), 422, 'unknown_field', '/promptSetId');
    await refused(body('sft', { hyperparameters: { beta: 0.1 } }), 422, 'unknown_field', '/hyperparameters/beta');
    await refused(body('dpo', { hyperparameters: { beta: 0 } }), 422, 'validation_failed', '/hyperparameters/beta');
    await refused(body('dpo', { hyperparameters: { labelSmoothing: 0.5 } }), 422, 'validation_failed', '/hyperparameters/labelSmoothing');
    await refused(body('dpo', { hyperparameters: { lossType: 'magic' } }), 422, 'validation_failed', '/hyperparameters/lossType');
    await refused(body('grpo', { pairSetId: undefined, hyperparameters: undefined }), 422, 'validation_failed', '/rewardModelId');
  });

  test('prompts that leave no room for a completion', async () => {
    await refused(body('dpo', { hyperparameters: { maxTokens: 2 } }), 422, 'no_training_data', '/hyperparameters/maxTokens');
  });
});
