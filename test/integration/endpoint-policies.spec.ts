import request from 'supertest';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { CompletionsWorkerModule } from '#src/completions/completions-worker.module.js';
import { completionSeed } from '#src/completions/sampling.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { givenPromptSet, givenRewardModel } from '../factories/training.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { choices, FakeEndpoint, refuse } from '../support/fake-endpoint.js';
import { createTinyPolicy } from '../support/tiny-policy.js';
import { settled, startNode, type Node } from './jobs-fixture.js';

const key = 'sk-never-to-be-seen';
let fake: FakeEndpoint;
let t: TestApp;
let worker: Node;
let policyId: string;
let policyVersionId: string;
let promptSetId: string;
let endpoint: object;
beforeAll(async () => {
  fake = await FakeEndpoint.start();
  const settings = { ALLOW_PRIVATE_ENDPOINTS: 'true', ENDPOINT_KEY_FAKE: `${fake.origin} ${key}` };
  t = await createTestApp(settings);
  const env = { DATABASE_URL: t.config.databaseUrl!, PLUMBLINE_DATA_DIR: t.config.dataDir, COMPUTE_THREADS: '1', ...settings };
  worker = await startNode(env, ['generation'], [CompletionsWorkerModule]);
  policyId = (await post('/v1/policies', { name: 'served elsewhere' }).expect(201)).body.id;
  endpoint = { baseUrl: `${fake.origin}/v1/`, model: 'm-1', apiKeyEnv: 'ENDPOINT_KEY_FAKE', maxConcurrency: 2 };
  policyVersionId = (await createVersion({ endpoint }).expect(201)).body.id;
  promptSetId = await givenPromptSet(t, 'asked', ['who?', 'what?', 'where?']);
});
afterAll(async () => {
  await worker.close();
  await t.close();
  await fake.close();
});
beforeEach(() => fake.reset());

const get = (path: string) => request(t.http).get(path).set(t.admin);
const post = (path: string, body: object) => request(t.http).post(path).set(t.admin).send(body);
const createVersion = (body: object) => post(`/v1/policies/${policyId}/versions`, body);
const startBatch = (sampling: object) => post('/v1/completion-batches', { policyVersionId, promptSetId, sampling }).expect(202);

test('an endpoint becomes a version, with its defaults and without its key', async () => {
  const { body, text } = await get(`/v1/policy-versions/${policyVersionId}`).expect(200);
  expect(body).toMatchObject({
    number: 1,
    origin: 'endpoint',
    modelId: null,
    endpoint: {
      baseUrl: `${fake.origin}/v1`,
      model: 'm-1',
      api: 'chat',
      apiKeyEnv: 'ENDPOINT_KEY_FAKE',
      maxConcurrency: 2,
      timeoutSeconds: 120,
    },
  });
  expect(text).not.toContain(key);
  await request(t.http).put(`/v1/policies/${policyId}/aliases/live`).set(t.admin).send({ policyVersionId }).expect(200);
});

test('it answers a prompt set as a policy of ours does', async () => {
  const { body: batch } = await startBatch({ n: 2, seed: 3, maxTokens: 20, stop: ['END'] });
  const job = await settled(worker, batch.jobId);
  expect(job).toMatchObject({ state: 'succeeded', error: null, progressCompleted: 6, progressTotal: 6 });
  expect(fake.seen).toHaveLength(3);
  expect(fake.seen[0]).toMatchObject({ path: '/v1/chat/completions', headers: { authorization: `Bearer ${key}` } });
  const { data } = (await get(`/v1/completions?batchId=${batch.id}`)).body;
  expect(data).toHaveLength(6);
  for (const row of data) {
    const { text } = (await get(`/v1/prompts/${row.promptId}`)).body;
    const seed = completionSeed(3, text, 0) % 2 ** 31;
    expect(row).toMatchObject({ policyVersionId, text: `answer ${row.sampleIndex}`, finishReason: 'stop', promptTokens: 7, seed });
  }
});

test('what the endpoint refuses fails the job at once, and nobody sees the key', async () => {
  fake.reset((_, response) => refuse(response, 401, `bad key ${key}`));
  const { body: batch } = await startBatch({});
  const job = await settled(worker, batch.jobId);
  expect(job).toMatchObject({ state: 'failed', attempt: 1, error: { code: 'endpoint_refused', detail: expect.stringContaining('bad key ***') } });
  expect((await get(`/v1/jobs/${batch.jobId}`)).text).not.toContain(key);
});

test('case 55: one prompt that is refused fails alone, and a retry asks nobody else', async () => {
  let refused = 'where?';
  fake.reset((asked, response) => {
    if (JSON.stringify(asked.body).includes(refused)) return refuse(response, 400, 'maximum context length');
    choices(response, ['fine']);
  });
  const start = (maxFailedShare?: number) => post('/v1/completion-batches', { policyVersionId, promptSetId, sampling: {}, maxFailedShare }).expect(202);
  const { body: strict } = await start();
  expect(strict).toMatchObject({ maxFailedShare: 0.1, failedCount: 0 });
  expect(await settled(worker, strict.jobId)).toMatchObject({
    state: 'failed',
    attempt: 1,
    error: { code: 'endpoint_refused', detail: expect.stringContaining('1 of 3 prompts failed, more than maxFailedShare 0.1 allows; first failure:') },
  });
  // The others were paid for and are kept.
  expect((await get(`/v1/completion-batches/${strict.id}`)).body).toMatchObject({ completionCount: 2, failedCount: 1 });
  const { body: failures } = await get(`/v1/completion-batches/${strict.id}/failures`).expect(200);
  expect(failures.data).toMatchObject([{ code: 'endpoint_refused', message: expect.stringContaining('maximum context length') }]);
  expect(await get(`/v1/prompts/${failures.data[0].promptId}`)).toMatchObject({ body: { text: 'where?' } });

  const { body: lenient } = await start(0.5);
  expect(await settled(worker, lenient.jobId)).toMatchObject({ state: 'succeeded', error: null });
  expect((await get(`/v1/completion-batches/${lenient.id}`)).body).toMatchObject({ completionCount: 2, failedCount: 1, maxFailedShare: 0.5 });

  refused = 'nothing';
  fake.seen.length = 0;
  const { body: again } = await post(`/v1/jobs/${strict.jobId}/retry`, {}).expect(202);
  expect(await settled(worker, again.id)).toMatchObject({ state: 'succeeded' });
  expect(fake.seen).toHaveLength(1);
  expect((await get(`/v1/completion-batches/${strict.id}`)).body).toMatchObject({ completionCount: 3, failedCount: 0 });
  expect((await get(`/v1/completion-batches/${strict.id}/failures`)).body.data).toEqual([]);
  await post('/v1/completion-batches', { policyVersionId, promptSetId, sampling: {}, maxFailedShare: 1.5 }).expect(422);
});

test('case 50: what a model thought is kept beside its answer', async () => {
  fake.reset((_, response) => void response.end(JSON.stringify({ choices: [{ message: { content: 'yes', reasoning_content: 'hm' }, finish_reason: 'stop' }] })));
  const { body: batch } = await startBatch({});
  expect(await settled(worker, batch.jobId)).toMatchObject({ state: 'succeeded' });
  const { data } = (await get(`/v1/completions?batchId=${batch.id}`)).body;
  expect(data).toHaveLength(3);
  for (const row of data) expect(row).toMatchObject({ text: 'yes', reasoning: 'hm' });
});

test('a cancelled batch gives its requests up', async () => {
  fake.reset(() => undefined);
  const { body: batch } = await startBatch({});
  await expect.poll(() => fake.openNow, { timeout: 10_000 }).toBe(2);
  await post(`/v1/jobs/${batch.jobId}/cancel`, {}).expect(202);
  expect(await settled(worker, batch.jobId)).toMatchObject({ state: 'cancelled' });
  expect(fake.openNow).toBe(0);
  fake.reset((_, response) => choices(response, ['late']));
});

test('it cannot be trained, nor be the base of a reward model', async () => {
  const { versionId } = await createTinyPolicy(t, 'ours');
  const rewardModelId = await givenRewardModel(t, versionId);
  const training = { method: 'grpo', policyVersionId, rewardModelId, promptSetId };
  const jobs = (await get('/v1/jobs?limit=500')).body.data.length;
  const { body } = await post('/v1/training-runs', training).expect(422);
  expect(body).toMatchObject({ code: 'policy_version_without_weights', errors: [{ pointer: '/policyVersionId', value: policyVersionId }] });
  expect((await get('/v1/jobs?limit=500')).body.data).toHaveLength(jobs);
  await expect(t.get(PolicyVersionsService).loadCheckpoint(policyVersionId)).rejects.toThrow(/no stored weights/);
});

test.each([
  [{}, 'policy_version_source', ''],
  [{ files: [], endpoint: { baseUrl: 'http://example.com', model: 'm' } }, 'policy_version_source', ''],
  [{ endpoint: { baseUrl: 'ftp://example.com', model: 'm' } }, 'validation_failed', '/endpoint/baseUrl'],
  [{ endpoint: { baseUrl: 'https://u:p@example.com', model: 'm' } }, 'validation_failed', '/endpoint/baseUrl'],
  [{ endpoint: { baseUrl: 'https://example.com/v1?x=1', model: 'm' } }, 'validation_failed', '/endpoint/baseUrl'],
  [{ endpoint: { baseUrl: 'https://example.com' } }, 'validation_failed', '/endpoint/model'],
  [{ endpoint: { baseUrl: 'https://example.com', model: 'm', apiKeyEnv: 'DATABASE_URL' } }, 'validation_failed', '/endpoint/apiKeyEnv'],
  [{ endpoint: { baseUrl: 'https://example.com', model: 'm', apiKeyEnv: 'ENDPOINT_KEY_FAKE' } }, 'endpoint_key_origin', '/endpoint/apiKeyEnv'],
  [{ endpoint: { baseUrl: 'https://example.com', model: 'm', maxConcurrency: 0 } }, 'validation_failed', '/endpoint/maxConcurrency'],
  [{ endpoint: { baseUrl: 'http://169.254.169.254/latest', model: 'm' } }, 'endpoint_address_private', '/endpoint/baseUrl'],
])('refuses %j', async (body, code, pointer) => {
  const answer = await createVersion(body).expect(422);
  expect(answer.body.code).toBe(code);
  expect(answer.body.errors[0].pointer).toBe(pointer);
});

test('private addresses need the switch', async () => {
  const closed = await createTestApp();
  const policy = await request(closed.http).post('/v1/policies').set(closed.admin).send({ name: 'p' }).expect(201);
  const body = { endpoint: { baseUrl: 'http://localhost:11434/v1', model: 'm' } };
  const answer = await request(closed.http).post(`/v1/policies/${policy.body.id}/versions`).set(closed.admin).send(body).expect(422);
  expect(answer.body).toMatchObject({ code: 'endpoint_address_private', detail: expect.stringContaining('ALLOW_PRIVATE_ENDPOINTS') });
  await closed.close();
});
