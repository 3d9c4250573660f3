// What a job was to make and did not is told apart from what is still being made, wherever it is used.
import request from 'supertest';
import { afterAll, beforeAll, expect, it, test } from 'vitest';
import { newId } from '#src/common/id.js';
import { PairsWorkerModule } from '#src/pairs/pairs-worker.module.js';
import { givenCriterionVersion, withSql } from '../factories/ratings.js';
import { givenPolicyVersion, givenPromptSet, givenRewardModel, trainableCheckpoint } from '../factories/training.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { settled, startNode, type Node } from './jobs-fixture.js';

let t: TestApp;
let worker: Node;
let policyVersionId: string;
beforeAll(async () => {
  t = await createTestApp();
  worker = await startNode({ DATABASE_URL: t.database.url }, ['pair-building'], [PairsWorkerModule]);
  policyVersionId = await givenPolicyVersion(t, 'policy', trainableCheckpoint());
});
afterAll(async () => {
  await worker.close();
  await t.close();
});

const post = (path: string, body: object) => request(t.http).post(`/v1${path}`).set(t.admin).send(body);
const get = (path: string) => request(t.http).get(`/v1${path}`).set(t.admin);

/** A job that has ended, for a resource whose making is not what is tested. */
const endedJob = (state: 'failed' | 'cancelled') =>
  withSql(t, async (client) => {
    const id = newId();
    const error = state === 'failed' ? JSON.stringify({ code: 'training_diverged', title: 'No', detail: 'the loss was not finite' }) : null;
    await client.query(`INSERT INTO jobs (id, type, queue, state, payload, error) VALUES ($1, 'reward-model.train', 'training', $2, '{}', $3)`, [id, state, error]);
    return id;
  });

it('case 22: a pair set without pairs says that it failed, and why, wherever it is used', async () => {
  const { body: set } = await post('/pair-sets', { criterionVersionId: await givenCriterionVersion(t) }).expect(202);
  expect(await settled(worker, set.jobId)).toMatchObject({ state: 'failed', error: { code: 'no_pairs' } });
  const reward = { pairSetId: set.id, basePolicyVersionId: policyVersionId };
  for (const answer of [
    post('/training-runs', { method: 'dpo', policyVersionId, pairSetId: set.id }),
    post('/training-runs', { method: 'sft', policyVersionId, pairSetId: set.id }),
    post('/training-runs/plan', { method: 'dpo', policyVersionId, pairSetId: set.id }),
    post('/reward-models', { ...reward, name: 'of nothing' }),
    post('/reward-models/plan', reward),
    get(`/pair-sets/${set.id}/pairs`),
    get(`/pair-sets/${set.id}/diagnostics`),
  ]) {
    const { body } = await answer.expect(409);
    expect(body.code).toBe('pair_set_failed');
    expect(body.detail).toContain(`job ${set.jobId} failed with no_pairs`);
  }
  // Once more, from the beginning: it is being made again.
  await withSql(t, (client) => client.query(`UPDATE jobs SET state = 'queued', error = NULL WHERE id = $1`, [set.jobId]));
  expect((await post('/reward-models/plan', reward).expect(409)).body.code).toBe('pair_set_not_ready');
});

test.each([
  ['failed', 'failed with training_diverged: the loss was not finite'],
  ['cancelled', 'was cancelled'],
] as const)('a reward model and a comparison whose job %s', async (state, words) => {
  const jobId = await endedJob(state);
  const rewardModelId = await givenRewardModel(t, policyVersionId, false);
  const promptSetId = await givenPromptSet(t, `set ${state}`, ['one?', 'two?']);
  await withSql(t, (client) => client.query('UPDATE reward_models SET job_id = $2 WHERE id = $1', [rewardModelId, jobId]));
  const rollouts = { method: 'grpo', policyVersionId, promptSetId, rewardModelId };
  for (const answer of [post('/training-runs', rollouts), post(`/reward-models/${rewardModelId}/score-texts`, { texts: [{ prompt: 'a', completion: 'b' }] })]) {
    const { body } = await answer.expect(409);
    expect([body.code, body.detail]).toEqual(['reward_model_failed', expect.stringContaining(words)]);
  }
  const other = await givenPolicyVersion(t, `other ${state}`, trainableCheckpoint(state));
  const judge = { type: 'labelers', judgementsPerItem: 1 };
  const { body: comparison } = await post('/comparisons', { baselineVersionId: policyVersionId, candidateVersionId: other, promptSetId, judge }).expect(202);
  const judgement = { itemId: newId(), labelerExternalId: 'ann', preference: 'tie' };
  expect((await post(`/comparisons/${comparison.id}/judgements`, judgement).expect(409)).body.code).toBe('comparison_not_ready');
  await withSql(t, (client) => client.query('UPDATE comparisons SET job_id = $2 WHERE id = $1', [comparison.id, jobId]));
  const { body } = await post(`/comparisons/${comparison.id}/judgements`, judgement).expect(409);
  expect([body.code, body.detail]).toEqual(['comparison_failed', expect.stringContaining(words)]);
});

test('the body of a training is the body of its plan', async () => {
  const pairSetId = newId();
  const body = { name: 'planned', pairSetId, basePolicyVersionId: policyVersionId };
  for (const path of ['/reward-models', '/reward-models/plan']) expect((await post(path, body).expect(422)).body.code).toBe('unknown_pair_set');
  expect((await post('/reward-models/plan', { ...body, nmae: 'x' }).expect(422)).body.code).toBe('unknown_field');
  expect((await post('/reward-models', { ...body, name: undefined }).expect(422)).body.errors[0].pointer).toBe('/name');
});
