// PPO, and rewards from several sources and from a server, from the request to the next policy version.
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#src/common/id.js';
import { Database } from '#src/database/database.js';
import type { JobContext } from '#src/jobs/job-handler.js';
import { serializeCheckpoint } from '#src/lm/files/checkpoint.js';
import { trainBpe } from '../../tools/starter/train-bpe.js';
import { TrainingRunHandler } from '#src/training/runners/training-run.handler.js';
import { TrainingWorkerModule } from '#src/training/training-worker.module.js';
import { withSql } from '../factories/ratings.js';
import { givenPolicyVersion, givenPromptSet, givenRewardModel, trainableCheckpoint } from '../factories/training.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { FakeEndpoint } from '../support/fake-endpoint.js';
import { uploadFiles } from '../support/tiny-policy.js';
import { settled, startNode, type Node } from './jobs-fixture.js';

let t: TestApp;
let worker: Node;
let server: FakeEndpoint;
let policyVersionId: string;
let rewardModelId: string;
let promptSetId: string;

const post = (path: string, body: object) => request(t.http).post(path).set(t.admin).send(body);
const get = (path: string) => request(t.http).get(path).set(t.admin);
const few = { steps: 2, promptsPerStep: 3, groupSize: 4, maxTokens: 8, learningRate: 0.01, schedule: 'constant', evaluationPrompts: 4 };

/** Likes the letter e. */
const lettersE: FakeEndpoint['answer'] = ({ body }, response) => {
  const items = body.items as { prompt: string; completion: string }[];
  response.writeHead(200).end(JSON.stringify({ rewards: items.map(({ completion }) => completion.split('e').length - 1) }));
};

beforeAll(async () => {
  server = await FakeEndpoint.start();
  server.answer = lettersE;
  const settings = { ALLOW_PRIVATE_ENDPOINTS: 'true', ENDPOINT_KEY_REWARDS: `${server.origin} sk-reward` };
  t = await createTestApp(settings);
  const env = { DATABASE_URL: t.database.url, PLUMBLINE_DATA_DIR: t.config.dataDir, JOB_LEASE_SECONDS: '10', COMPUTE_THREADS: '1', ...settings };
  worker = await startNode(env, ['fine-tuning'], [TrainingWorkerModule]);
  policyVersionId = await givenPolicyVersion(t, 'learner', trainableCheckpoint());
  rewardModelId = await givenRewardModel(t, policyVersionId);
  promptSetId = await givenPromptSet(t, 'practice', ['who?', 'what is it?', 'when', 'where?', 'how', 'why not?']);
});
afterAll(async () => {
  await worker.close();
  await t.close();
  await server.close();
});

const body = (method: string, change: object = {}) => ({ method, policyVersionId, promptSetId, hyperparameters: few, ...change });
const http = (change: object = {}) => ({ type: 'http', url: `${server.origin}/score`, ...change });

async function trained(given: object) {
  const created = await post('/v1/training-runs', given).expect(202);
  expect(await settled(worker, created.body.jobId, undefined, 60_000)).toMatchObject({ state: 'succeeded', error: null });
  return (await get(`/v1/training-runs/${created.body.id}`).expect(200)).body;
}

const modelOf = (versionId: string): Promise<string> =>
  withSql(t, async (client) => (await client.query('SELECT model_id FROM policy_versions WHERE id = $1', [versionId])).rows[0].model_id as string);

describe('proximal policy optimization', () => {
  const hyperparameters = { ...few, steps: 8, promptsPerStep: 6, learningRate: 0.02, valueLearningRate: 0.02, innerEpochs: 2, miniBatches: 2, beta: 0.001 };

  test('raises the reward of a reward model and makes the next version', async () => {
    const run = await trained(body('ppo', { rewardModelId, hyperparameters }));
    expect(run).toMatchObject({ method: 'ppo', rewardModelId, pairSetId: null });
    expect(run.hyperparameters).toMatchObject({ ...hyperparameters, lambda: 0.95, klControl: 'fixed', valueStart: 'policy' });
    expect(run.rewards).toEqual([{ type: 'reward-model', name: `reward-${rewardModelId}`, weight: 1, rewardModelId, normalize: false }]);
    expect(run.summary.rewardAfter).toBeGreaterThan(run.summary.rewardBefore);
    expect(run.summary).toMatchObject({ steps: 8, stopped: null });
    const { body: curve } = await get(`/v1/training-runs/${run.id}/metrics`).expect(200);
    expect(curve.data[7].values).toMatchObject({ 'objective/kl': expect.any(Number), 'loss/value_avg': expect.any(Number), 'val/ratio': expect.any(Number) });
    const { body: version } = await get(`/v1/policy-versions/${run.resultPolicyVersionId}`).expect(200);
    expect(version).toMatchObject({ origin: 'trained', parentVersionId: policyVersionId });
  });

  test('broken off and taken up again it ends with the same bits; its value model may start from the reward model', async () => {
    const given = body('ppo', { rewardModelId, hyperparameters: { ...few, steps: 3, klControl: 'adaptive', valueStart: 'reward-model' } });
    const straight = await trained(given);
    const { body: created } = await post('/v1/training-runs', given).expect(202);
    await post(`/v1/jobs/${created.jobId}/cancel`, {});
    await settled(worker, created.jobId, undefined, 60_000);
    const handler = worker.get(TrainingRunHandler);
    await expect(handler.run({ trainingRunId: created.id }, contextOf(2))).rejects.toThrow('killed');
    await handler.run({ trainingRunId: created.id }, contextOf());
    const { body: run } = await get(`/v1/training-runs/${created.id}`).expect(200);
    expect(run.summary).toEqual(straight.summary);
    expect(await modelOf(run.resultPolicyVersionId)).toBe(await modelOf(straight.resultPolicyVersionId));
  });

  test('a value model cannot start where there is no reward model, nor from one that reads other tokens', async () => {
    await refused(body('ppo', { rewards: [http()], hyperparameters: { valueStart: 'reward-model' } }), 'value_start_impossible', '/hyperparameters/valueStart');
    const other = { ...trainableCheckpoint(), tokenizer: trainBpe(['other text here'], { merges: 4, specialTokens: ['<|end|>'], eos: '<|end|>' }) };
    const foreign = await givenForeignPolicy(other);
    const given = body('ppo', { policyVersionId: foreign, rewardModelId, hyperparameters: { valueStart: 'reward-model' } });
    await refused(given, 'value_start_impossible', '/hyperparameters/valueStart', 'the tokenizer of reward model');
  });
});

/** Only its description is read. */
async function givenForeignPolicy(checkpoint: ReturnType<typeof trainableCheckpoint>): Promise<string> {
  const policy = await post('/v1/policies', { name: 'foreign' }).expect(201);
  const files = await uploadFiles(t, serializeCheckpoint(checkpoint));
  return (await post(`/v1/policies/${policy.body.id}/versions`, { files }).expect(201)).body.id as string;
}

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

describe('sources of reward', () => {
  test('are added up by their weights; each has its metrics, its scores in samples and its lineage', async () => {
    const second = await givenRewardModel(t, policyVersionId);
    const rewards = [
      { type: 'reward-model', rewardModelId, name: 'first', weight: 0.5 },
      { type: 'reward-model', rewardModelId: second, weight: -1 },
      http({ apiKeyEnv: 'ENDPOINT_KEY_REWARDS', weight: 2, batchSize: 5 }),
    ];
    const run = await trained(body('grpo', { rewards, hyperparameters: { ...few, lengthPenalty: 0.25 } }));
    const name = `reward-${second}`;
    expect(run.rewardModelId).toBeNull();
    expect(run.rewards).toMatchObject([{ name: 'first' }, { name, normalize: false }, { name: 'http', timeoutSeconds: 60, headers: {} }]);
    const { body: samples } = await get(`/v1/training-runs/${run.id}/samples?step=1&limit=50`).expect(200);
    for (const { scores, reward, text, completionTokens } of samples.data) {
      expect(Object.keys(scores).sort()).toEqual(['first', 'http', name].sort());
      expect(scores.http).toBe(text.split('e').length - 1);
      expect(reward).toBeCloseTo(0.5 * scores.first - scores[name] + 2 * scores.http - (0.25 * completionTokens) / 8, 6);
    }
    const { body: curve } = await get(`/v1/training-runs/${run.id}/metrics`).expect(200);
    expect(curve.data[0].values).toMatchObject({ 'rewards/first/mean': expect.any(Number), 'rewards/http/std': expect.any(Number) });
    expect(Math.max(...server.seen.map(({ body: seen }) => (seen.items as object[]).length))).toBe(5);
    expect(server.seen[0].headers.authorization).toBe('Bearer sk-reward');
    const { body: lineage } = await get(`/v1/lineage?type=training_run&id=${run.id}&direction=up`).expect(200);
    for (const id of [rewardModelId, second]) expect(JSON.stringify(lineage)).toContain(id);
  });

  test('a server alone trains a policy, also without groups', async () => {
    const hyperparameters = { ...few, groupSize: 1, promptsPerStep: 6, innerEpochs: 1 };
    const run = await trained(body('ppo', { rewards: [http()], hyperparameters }));
    expect(run).toMatchObject({ rewardModelId: null, rewards: [{ type: 'http', name: 'http' }] });
  });

  test('a server that does not answer with numbers fails the job, and says so', async () => {
    server.answer = (_, response) => void response.writeHead(200).end('{"rewards": [null]}');
    const created = await post('/v1/training-runs', body('rloo', { rewards: [http({ batchSize: 1 })] })).expect(202);
    expect(await settled(worker, created.body.jobId)).toMatchObject({ state: 'failed', attempt: 1, error: { code: 'endpoint_answer_unreadable' } });
    server.answer = lettersE;
  });
});

test('a run over its KL budget ends early, and summary and verdict say so', async () => {
  const run = await trained(body('grpo', { rewardModelId, hyperparameters: { ...few, steps: 20, beta: 0, warmupSteps: 0, klBudget: 0.001 } }));
  expect(run.summary.stopped).toMatchObject({ reason: 'kl_budget', detail: expect.stringContaining('budget is 0.001') });
  expect(run.summary.steps).toBe(run.summary.stopped.step - 1);
  expect(run.verdict.findings).toContainEqual(expect.objectContaining({ check: 'stopped_kl_budget', status: 'warning' }));
  expect(run.resultPolicyVersionId).not.toBeNull();
});

async function refused(given: object, code: string, pointer: string, detail = ''): Promise<void> {
  const answer = await post('/v1/training-runs', given).expect(422);
  expect(answer.body).toMatchObject({ code, detail: expect.stringContaining(detail), errors: [expect.objectContaining({ pointer })] });
}

describe('refused before anything is computed', () => {
  test('sources of reward', async () => {
    const one = { type: 'reward-model', rewardModelId };
    await refused(body('grpo', { rewards: [one], rewardModelId }), 'reward_sources_ambiguous', '/rewards');
    await refused(body('grpo', { rewards: [] }), 'validation_failed', '/rewards');
    await refused(body('grpo', { rewards: [{ type: 'oracle' }] }), 'validation_failed', '/rewards/0/type');
    await refused(body('ppo', { rewards: [one, { ...one, weight: 0 }] }), 'validation_failed', '/rewards/1/weight');
    await refused(body('rloo', { rewards: [{ ...one, rewardModelId: newId() }] }), 'unknown_reward_model', '/rewards/0/rewardModelId');
    await refused(body('rloo', { rewards: [{ ...one, normalize: true }] }), 'reward_model_without_scale', '/rewards/0/normalize');
    await refused(body('grpo', { rewards: [{ ...one, name: 'a' }, http({ name: 'a' })] }), 'reward_names_not_unique', '/rewards/1/name');
    await refused(body('grpo', { rewards: [http({ url: 'ftp://x.example' })] }), 'validation_failed', '/rewards/0/url');
    await refused(body('grpo', { rewards: [http({ headers: { Authorization: 'Bearer x' } })] }), 'validation_failed', '/rewards/0/headers');
    await refused(body('grpo', { rewards: [http({ url: 'https://a.example', apiKeyEnv: 'ENDPOINT_KEY_REWARDS' })] }), 'endpoint_key_origin', '/rewards/0/apiKeyEnv');
    await refused(body('grpo', { rewards: [http({ url: 'http://169.254.169.254/latest' })] }), 'endpoint_address_private', '/rewards/0/url');
  });

  test('settings that cannot work', async () => {
    const hp = (change: object) => ({ rewardModelId, hyperparameters: { ...few, ...change } });
    await refused(body('ppo', hp({ miniBatches: 4 })), 'hyperparameters_impossible', '/hyperparameters/miniBatches');
    await refused(body('ppo', hp({ lambda: 1.5 })), 'validation_failed', '/hyperparameters/lambda');
    await refused(body('ppo', hp({ groupSize: 0 })), 'validation_failed', '/hyperparameters/groupSize');
    await refused(body('grpo', hp({ maxTokens: 4000 })), 'max_tokens_exceed_model', '/hyperparameters/maxTokens');
    await refused(body('grpo', hp({ klBudget: 0 })), 'validation_failed', '/hyperparameters/klBudget');
    await refused(body('rloo', hp({ gamma: 1 })), 'unknown_field', '/hyperparameters/gamma');
    await refused(body('rloo', hp({ lora: { rank: 2, alpha: 4, targetModules: ['c_attn'] } })), 'lora_target_unknown', '/hyperparameters/lora/targetModules');
  });
});
