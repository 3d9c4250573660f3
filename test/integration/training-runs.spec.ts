import request from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ModelsService } from '#src/artifacts/models.service.js';
import { newId } from '#src/common/id.js';
import { Database } from '#src/database/database.js';
import type { JobContext } from '#src/jobs/job-handler.js';
import { TrainingRunHandler } from '#src/training/runners/training-run.handler.js';
import { TrainingWorkerModule } from '#src/training/training-worker.module.js';
import { withSql } from '../factories/ratings.js';
import {
  givenPolicyVersion,
  givenPromptSet,
  givenRewardModel,
  trainableCheckpoint,
} from '../factories/training.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { settled, startNode, type Node } from './jobs-fixture.js';

let t: TestApp;
let worker: Node;
let policyVersionId: string;
let rewardModelId: string;
let promptSetId: string;
const unknownId = '019a8a5e-0000-7000-8000-000000000001';
const settings = {
  steps: 12,
  promptsPerStep: 4,
  groupSize: 6,
  maxTokens: 8,
  learningRate: 0.02,
  schedule: 'constant',
  evaluationPrompts: 6,
};

const post = (path: string, body: object) => request(t.http).post(path).set(t.admin).send(body);
const get = (path: string) => request(t.http).get(path).set(t.admin);

beforeAll(async () => {
  t = await createTestApp();
  worker = await startNode(
    {
      DATABASE_URL: t.database.url,
      PLUMBLINE_DATA_DIR: t.config.dataDir,
      JOB_LEASE_SECONDS: '10',
      COMPUTE_THREADS: '1',
    },
    ['fine-tuning'],
    [TrainingWorkerModule],
  );
  policyVersionId = await givenPolicyVersion(t, 'learner', trainableCheckpoint());
  rewardModelId = await givenRewardModel(t, policyVersionId);
  promptSetId = await givenPromptSet(t, 'practice', [
    'who?',
    'what is it?',
    'when',
    'where?',
    'how',
    'why not?',
  ]);
});
afterAll(async () => {
  await worker.close();
  await t.close();
});

const body = (hyperparameters: object = settings, change: object = {}) => ({
  method: 'grpo',
  policyVersionId,
  rewardModelId,
  promptSetId,
  hyperparameters,
  ...change,
});

async function trained(hyperparameters: object, change: object = {}) {
  const created = await post('/v1/training-runs', body(hyperparameters, change)).expect(202);
  expect(created.headers).toMatchObject({ location: `/v1/jobs/${created.body.jobId}`, 'retry-after': '1' });
  const job = await settled(worker, created.body.jobId, undefined, 60_000);
  expect(job).toMatchObject({
    state: 'succeeded',
    resultType: 'training_run',
    resultId: created.body.id,
    error: null,
  });
  return (await get(`/v1/training-runs/${created.body.id}`).expect(200)).body;
}

const modelOf = async (versionId: string): Promise<string> =>
  withSql(
    t,
    async (client) =>
      (await client.query('SELECT model_id FROM policy_versions WHERE id = $1', [versionId])).rows[0]
        .model_id as string,
  );

describe('a run', () => {
  let run: Awaited<ReturnType<typeof trained>>;
  beforeAll(async () => {
    run = await trained(settings);
  });

  test('raises the reward on the fixed evaluation prompts and makes the next version', async () => {
    expect(run).toMatchObject({ method: 'grpo', policyVersionId, rewardModelId, promptSetId });
    expect(run.hyperparameters).toMatchObject({
      ...settings,
      beta: 0.04,
      lora: null,
      innerEpochs: 1,
      seed: 1,
    });
    expect(run.summary.rewardAfter).toBeGreaterThan(run.summary.rewardBefore);
    expect(run.summary).toMatchObject({ steps: 12, evaluationPrompts: 6, split: 'train' });
    expect(run.summary.kl).toBeGreaterThan(0);
    expect(run.verdict.findings.map(({ check }: { check: string }) => check)).toContain('kl_slope');
    const { body: version } = await get(`/v1/policy-versions/${run.resultPolicyVersionId}`).expect(200);
    expect(version).toMatchObject({ number: 2, origin: 'trained', parentVersionId: policyVersionId });
    expect(version.modelId).not.toBe(await modelOf(policyVersionId));
  });

  test('has a curve under the names of TRL that can be followed', async () => {
    const { body: all } = await get(`/v1/training-runs/${run.id}/metrics`).expect(200);
    expect(all.data.map(({ step }: { step: number }) => step)).toEqual(
      Array.from({ length: 12 }, (_, i) => i + 1),
    );
    expect(all.data[0].values).toMatchObject({
      reward: expect.any(Number),
      kl: expect.any(Number),
      'completions/mean_length': expect.any(Number),
    });
    const { body: rest } = await get(`/v1/training-runs/${run.id}/metrics?afterStep=10`).expect(200);
    expect(rest.data).toEqual(all.data.slice(10));
    const { body: page } = await get(`/v1/training-runs/${run.id}/metrics?limit=5`).expect(200);
    const { body: next } = await get(
      `/v1/training-runs/${run.id}/metrics?limit=5&cursor=${page.nextCursor}`,
    ).expect(200);
    expect(next.data).toEqual(all.data.slice(5, 10));
  });

  test('shows samples with reward and advantage', async () => {
    const { body: first } = await get(`/v1/training-runs/${run.id}/samples?step=3&limit=500`).expect(200);
    expect(first.data).toHaveLength(16);
    expect(first.data[0]).toMatchObject({
      step: 3,
      sampleIndex: 0,
      reward: expect.any(Number),
      finishReason: expect.any(String),
    });
    const group = first.data.slice(0, 6) as { promptId: string; advantage: number }[];
    expect(new Set(group.map(({ promptId }) => promptId)).size).toBe(1);
    expect(group.reduce((total, { advantage }) => total + advantage, 0)).toBeCloseTo(0, 6);
    const { body: page } = await get(`/v1/training-runs/${run.id}/samples?limit=20`).expect(200);
    const { body: next } = await get(
      `/v1/training-runs/${run.id}/samples?limit=20&cursor=${page.nextCursor}`,
    ).expect(200);
    const places = [...page.data, ...next.data].map(
      ({ step, sampleIndex }: { step: number; sampleIndex: number }) => step * 16 + sampleIndex,
    );
    expect(places).toEqual(Array.from({ length: 40 }, (_, i) => 16 + i));
  });

  test('is traced both ways', async () => {
    const edges = await withSql(
      t,
      async (client) =>
        (
          await client.query(
            'SELECT parent_type, parent_id, child_type, child_id FROM lineage_edges WHERE parent_id = $1 OR child_id = $1',
            [run.id],
          )
        ).rows,
    );
    const has = (row: object) => expect(edges).toContainEqual(expect.objectContaining(row));
    has({ parent_type: 'policy_version', parent_id: policyVersionId, child_id: run.id });
    has({ parent_type: 'reward_model', parent_id: rewardModelId, child_id: run.id });
    has({ parent_type: 'prompt_set', parent_id: promptSetId, child_id: run.id });
    has({ parent_id: run.id, child_type: 'policy_version', child_id: run.resultPolicyVersionId });
  });

  test('is listed', async () => {
    const { body: page } = await get('/v1/training-runs').expect(200);
    expect(page.data[0]).toEqual(run);
  });

  test('run again with the same seed it comes to the same bits, with another to others', async () => {
    const few = { ...settings, steps: 2 };
    const [a, b, c] = [await trained(few), await trained(few), await trained({ ...few, seed: 2 })];
    expect(await modelOf(b.resultPolicyVersionId)).toBe(await modelOf(a.resultPolicyVersionId));
    expect(b.summary).toEqual(a.summary);
    expect(await modelOf(c.resultPolicyVersionId)).not.toBe(await modelOf(a.resultPolicyVersionId));
  });

  test('is evaluated on prompts of its own where it is given some, and learns the same', async () => {
    const evaluationPromptSetId = await givenPromptSet(t, 'held out', ['whose?', 'which one']);
    const few = { ...settings, steps: 2, evaluateEvery: 1, keep: 'best' };
    const [held, practised] = [await trained(few, { evaluationPromptSetId }), await trained(few)];
    expect(held).toMatchObject({ evaluationPromptSetId, summary: { split: 'eval', evaluationPrompts: 2 } });
    expect(practised).toMatchObject({ evaluationPromptSetId: null, summary: { split: 'train', evaluationPrompts: 6 } });
    expect(held.summary.rewardBefore).not.toBe(practised.summary.rewardBefore);
    const curveOf = async ({ id }: { id: string }): Promise<Record<string, number>[]> =>
      (await get(`/v1/training-runs/${id}/metrics`).expect(200)).body.data.map(({ values }: { values: object }) => values);
    const [a, b] = [await curveOf(held), await curveOf(practised)];
    expect(a.map(({ loss }) => loss)).toEqual(b.map(({ loss }) => loss));
    expect(a.map(({ eval_reward: reward }) => reward)).not.toEqual(b.map(({ eval_reward: reward }) => reward));
    const statusOf = ({ verdict }: typeof held) => verdict.findings.find(({ check }: { check: string }) => check === 'held_out').status;
    expect([statusOf(held), statusOf(practised)]).toEqual(['healthy', 'warning']);
    const { body: lineage } = await get(`/v1/lineage?type=training_run&id=${held.id}&direction=up`).expect(200);
    expect(JSON.stringify(lineage)).toContain(evaluationPromptSetId);
  });

  test('low-rank factors come back merged: the result is a plain checkpoint', async () => {
    const lora = { rank: 2, alpha: 4, targetModules: ['q_proj', 'v_proj'] };
    const { resultPolicyVersionId, hyperparameters } = await trained({ ...settings, steps: 2, lora });
    expect(hyperparameters.lora).toEqual(lora);
    const { files } = await t.get(ModelsService).get(await modelOf(resultPolicyVersionId));
    expect(files.map(({ name }) => name)).toContain('model.safetensors');
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

test('a run that was broken off and taken up again ends as if nothing had happened, without doubled rows', async () => {
  const few = { ...settings, steps: 4 };
  const straight = await trained(few);
  const handler = worker.get(TrainingRunHandler);
  const { body: created } = await post('/v1/training-runs', body(few)).expect(202);
  await post(`/v1/jobs/${created.jobId}/cancel`, {});
  await settled(worker, created.jobId, undefined, 60_000);
  await withSql(t, (client) =>
    client.query('DELETE FROM training_samples WHERE training_run_id = $1', [created.id]),
  );
  await expect(handler.run({ trainingRunId: created.id }, contextOf(3))).rejects.toThrow('killed');
  await handler.run({ trainingRunId: created.id }, contextOf());
  await handler.run({ trainingRunId: created.id }, contextOf());
  const { body: run } = await get(`/v1/training-runs/${created.id}`).expect(200);
  expect(run.summary).toEqual(straight.summary);
  expect(await modelOf(run.resultPolicyVersionId)).toBe(await modelOf(straight.resultPolicyVersionId));
  const samplesOf = async (id: string) => (await get(`/v1/training-runs/${id}/samples?limit=500`)).body.data;
  expect(await samplesOf(created.id)).toEqual(await samplesOf(straight.id));
});

describe('what cannot be trained', () => {
  const refused = async (change: object, status: number, code: string, pointer?: string) => {
    const answer = await post('/v1/training-runs', body(settings, change)).expect(status);
    expect(answer.body.code).toBe(code);
    if (pointer) expect(answer.body.errors[0].pointer).toBe(pointer);
  };

  test('unknown inputs, and a reward model that is not trained yet', async () => {
    await refused({ policyVersionId: unknownId }, 422, 'unknown_policy_version', '/policyVersionId');
    await refused({ rewardModelId: unknownId }, 422, 'unknown_reward_model', '/rewardModelId');
    await refused({ promptSetId: unknownId }, 422, 'unknown_prompt_set', '/promptSetId');
    await refused({ evaluationPromptSetId: unknownId }, 422, 'unknown_prompt_set', '/evaluationPromptSetId');
    const shared = await givenPromptSet(t, 'shared', ['whence?', '  WHO? ']);
    await refused({ evaluationPromptSetId: shared }, 422, 'held_out_overlap', '/evaluationPromptSetId');
    await refused(
      { rewardModelId: await givenRewardModel(t, policyVersionId, false) },
      409,
      'reward_model_not_trained',
    );
  });

  test('unknown methods and impossible hyperparameters', async () => {
    await refused({ method: 'magic' }, 422, 'validation_failed', '/method');
    await refused(
      { hyperparameters: { groupSize: 1 } },
      422,
      'validation_failed',
      '/hyperparameters/groupSize',
    );
    await refused(
      { hyperparameters: { lora: { rank: 0, alpha: 1, targetModules: ['q_proj'] } } },
      422,
      'validation_failed',
      '/hyperparameters/lora/rank',
    );
    await refused(
      { hyperparameters: { leraningRate: 1 } },
      422,
      'unknown_field',
      '/hyperparameters/leraningRate',
    );
  });

  test('prompts that leave no room', async () => {
    const longSet = await givenPromptSet(t, 'long', ['short', 'x'.repeat(600)]);
    await refused({ promptSetId: longSet }, 422, 'prompt_too_long', '/promptSetId');
    await refused({ evaluationPromptSetId: longSet }, 422, 'prompt_too_long', '/evaluationPromptSetId');
    const { body: plan } = await post('/v1/training-runs/plan', body(settings, { promptSetId: longSet })).expect(422);
    expect(plan.errors[0]).toMatchObject({ pointer: '/promptSetId', rule: 'max', message: expect.stringContaining('leaves room for') });
  });

  test('unknown runs, missing scopes', async () => {
    for (const path of ['', '/metrics', '/samples']) {
      expect((await get(`/v1/training-runs/${unknownId}${path}`).expect(404)).body.code).toBe(
        'training_run_not_found',
      );
    }
    const reader = await t.keyWith('training:read');
    await request(t.http).post('/v1/training-runs').set(reader).send(body()).expect(403);
    await request(t.http).get('/v1/training-runs').set(reader).expect(200);
  });
});
