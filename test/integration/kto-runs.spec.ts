// Runs on ratings as they are, from the ratings to the next policy version; training-runs.spec.ts has what all methods share.
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#src/common/id.js';
import { Database } from '#src/database/database.js';
import type { JobContext } from '#src/jobs/job-handler.js';
import { TrainingRunHandler } from '#src/training/runners/training-run.handler.js';
import { TrainingWorkerModule } from '#src/training/training-worker.module.js';
import { givenCriterionVersion, givenLabeler, givenPrompt, withSql } from '../factories/ratings.js';
import { givenPolicyVersion, trainableCheckpoint } from '../factories/training.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { settled, startNode, type Node } from './jobs-fixture.js';

let t: TestApp;
let worker: Node;
let policyVersionId: string;
let criterionVersionId: string;
let labelerIds: string[];
const unknownId = '019a8a5e-0000-7000-8000-000000000001';
const settings = { epochs: 4, batchSize: 8, learningRate: 0.01, schedule: 'constant' };

const post = (path: string, body: object) => request(t.http).post(path).set(t.admin).send(body);
const get = (path: string) => request(t.http).get(path).set(t.admin);

async function rate(completionId: string, scores: readonly number[], version = criterionVersionId): Promise<string[]> {
  const ids: string[] = [];
  for (const [i, score] of scores.entries()) {
    const { body } = await post('/v1/ratings', { completionId, criterionVersionId: version, labelerId: labelerIds[i], score }).expect(201);
    ids.push(body.id as string);
  }
  return ids;
}

/** The short answer is liked, the long one is not, and labelers cannot agree about a third. */
async function rated(letter: string): Promise<string[]> {
  const { completionIds } = await givenPrompt(t, `${letter}?`, [{ text: 'yes.' }, { text: `${letter} ${letter} ${letter}` }, { text: `${letter}!` }]);
  const [short, long, third] = completionIds;
  return [...(await rate(short, [5, 4])), ...(await rate(long, [1])), ...(await rate(third, [2, 4]))];
}

beforeAll(async () => {
  t = await createTestApp();
  const env = { DATABASE_URL: t.database.url, PLUMBLINE_DATA_DIR: t.config.dataDir, JOB_LEASE_SECONDS: '10', COMPUTE_THREADS: '1' };
  worker = await startNode(env, ['fine-tuning'], [TrainingWorkerModule]);
  policyVersionId = await givenPolicyVersion(t, 'learner', trainableCheckpoint());
  criterionVersionId = await givenCriterionVersion(t);
  labelerIds = [await givenLabeler(t, 'a'), await givenLabeler(t, 'b')];
  for (const letter of 'abcdefghijklmnop') await rated(letter);
});
afterAll(async () => {
  await worker.close();
  await t.close();
});

const body = (ratings: object = {}, change: object = {}) => ({ method: 'kto', policyVersionId, ratings: { criterionVersionId, evalFraction: 0.3, ...ratings }, hyperparameters: settings, ...change });

async function trained(request_: object) {
  const created = await post('/v1/training-runs', request_).expect(202);
  expect(await settled(worker, created.body.jobId, undefined, 60_000)).toMatchObject({ state: 'succeeded', error: null });
  return (await get(`/v1/training-runs/${created.body.id}`).expect(200)).body;
}

const modelOf = (versionId: string): Promise<string> =>
  withSql(t, async (client) => (await client.query('SELECT model_id FROM policy_versions WHERE id = $1', [versionId])).rows[0].model_id as string);

const ratingsOf = (runId: string): Promise<string[]> =>
  withSql(t, async (client) => (await client.query('SELECT rating_id FROM training_run_ratings WHERE training_run_id = $1 ORDER BY 1', [runId])).rows.map(({ rating_id }: { rating_id: string }) => rating_id));

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

describe('a run', () => {
  test('makes liked completions likelier on held-out prompts, and says which ratings it learned from', async () => {
    const run = await trained(body());
    expect(run).toMatchObject({ method: 'kto', pairSetId: null, rewardModelId: null, promptSetId: null });
    // The middle of a scale from 1 to 5.
    expect(run.ratings).toEqual({ criterionVersionId, promptSetId: null, completionBatchId: null, threshold: 3, evalFraction: 0.3, seed: 0 });
    expect(run.hyperparameters).toMatchObject({ ...settings, beta: 0.1, desirableWeight: 1, undesirableWeight: 1 });
    const { summary } = run;
    expect(summary).toMatchObject({ split: 'eval', undecided: 16, truncated: 0, dropped: 0 });
    expect(summary.examples + summary.evaluationExamples).toBe(32);
    expect(summary.desirable).toBe(summary.examples / 2);
    expect(summary.lossBefore).toBeCloseTo(0.5, 4);
    expect(summary.lossAfter).toBeLessThan(summary.lossBefore);
    expect(summary.margin).toBeGreaterThan(0);
    expect(summary.margin).toBeCloseTo(summary.desirableReward - summary.undesirableReward, 4);
    expect(run.verdict.findings.map(({ check }: { check: string }) => check)).toEqual(expect.arrayContaining(['desirability_margin', 'reference_point']));
    const { body: curve } = await get(`/v1/training-runs/${run.id}/metrics`).expect(200);
    expect(curve.data[0].values).toMatchObject({ kl: 0, 'rewards/margins': expect.any(Number) });
    expect(await ratingsOf(run.id)).toHaveLength(16 * 5);
    const { body: lineage } = await get(`/v1/lineage?type=training_run&id=${run.id}&direction=up`).expect(200);
    expect(JSON.stringify(lineage)).toContain(criterionVersionId);
    const { body: version } = await get(`/v1/policy-versions/${run.resultPolicyVersionId}`).expect(200);
    expect(version).toMatchObject({ origin: 'trained', parentVersionId: policyVersionId });
  });

  test('a threshold elsewhere makes other completions desirable', async () => {
    const run = await trained(body({ threshold: 2.5 }));
    expect(run.summary.undecided).toBe(0);
    expect(run.summary.desirable).toBe((2 / 3) * run.summary.examples);
  });

  test('broken off, and taken up again after more was rated, it ends with the same bits', async () => {
    const straight = await trained(body());
    const { body: created } = await post('/v1/training-runs', body()).expect(202);
    await post(`/v1/jobs/${created.jobId}/cancel`, {});
    await settled(worker, created.jobId, undefined, 60_000);
    const handler = worker.get(TrainingRunHandler);
    await expect(handler.run({ trainingRunId: created.id }, contextOf(3))).rejects.toThrow('killed');
    const before = await ratingsOf(created.id);
    await rated('q');
    await handler.run({ trainingRunId: created.id }, contextOf());
    const { body: run } = await get(`/v1/training-runs/${created.id}`).expect(200);
    expect(run.summary).toEqual(straight.summary);
    expect(await modelOf(run.resultPolicyVersionId)).toBe(await modelOf(straight.resultPolicyVersionId));
    expect(await ratingsOf(created.id)).toEqual(before);
  });

  test('what it would take is told beforehand', async () => {
    const { body: plan } = await post('/v1/training-runs/plan', body()).expect(200);
    expect(plan).toMatchObject({ fits: true, steps: expect.any(Number) });
    const run = await trained(body());
    expect(plan.steps).toBe(run.summary.steps);
  });
});

describe('what cannot be trained', () => {
  const refused = async (given: object, status: number, code: string, pointer?: string) => {
    const answer = await post('/v1/training-runs', given).expect(status);
    expect(answer.body.code).toBe(code);
    if (pointer) expect(answer.body.errors[0].pointer).toBe(pointer);
  };

  test('ratings that are not there, of a draft, or of one kind', async () => {
    await refused(body({ criterionVersionId: unknownId }), 422, 'criterion_version_not_found', '/ratings/criterionVersionId');
    await refused(body({ criterionVersionId: await givenCriterionVersion(t, 5, false) }), 409, 'criterion_version_not_published');
    await refused(body({ criterionVersionId: await givenCriterionVersion(t) }), 422, 'no_ratings', '/ratings');
    await refused(body({ promptSetId: unknownId }), 422, 'unknown_prompt_set', '/ratings/promptSetId');
    await refused(body({ threshold: 0.5 }), 422, 'threshold_off_scale', '/ratings/threshold');
    await refused(body({ threshold: 5 }), 422, 'ratings_one_sided', '/ratings/threshold');
    await refused(body({ evalFraction: 0 }, { hyperparameters: { ...settings, keep: 'best' } }), 422, 'nothing_held_out', '/hyperparameters/keep');
  });

  test('ratings of one prompt', async () => {
    const version = await givenCriterionVersion(t);
    const { completionIds } = await givenPrompt(t, 'only?', [{ text: 'yes' }, { text: 'no' }]);
    await rate(completionIds[0], [5], version);
    await rate(completionIds[1], [1], version);
    await refused(body({ criterionVersionId: version, evalFraction: 0 }), 422, 'ratings_one_prompt', '/ratings');
  });

  test('bodies of another method, and values out of range', async () => {
    await refused({ ...body(), ratings: undefined }, 422, 'validation_failed', '/ratings');
    await refused({ ...body(), ratings: 'all' }, 422, 'validation_failed', '/ratings');
    await refused({ ...body(), ratings: [] }, 422, 'validation_failed', '/ratings');
    await refused(body({ threshold: 'high' }), 422, 'validation_failed', '/ratings/threshold');
    await refused(body({}, { pairSetId: unknownId }), 422, 'unknown_field', '/pairSetId');
    await refused(body({}, { hyperparameters: [] }), 422, 'validation_failed', '/hyperparameters');
    await refused(body({}, { hyperparameters: { beta: 0 } }), 422, 'validation_failed', '/hyperparameters/beta');
    await refused(body({}, { hyperparameters: { maxTokens: 2 } }), 422, 'no_training_data', '/hyperparameters/maxTokens');
  });
});
