import request from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CompletionsWorkerModule } from '#src/completions/completions-worker.module.js';
import { serializeCheckpoint, withChatTemplate } from '#src/lm/files/checkpoint.js';
import { chatTemplate } from '#src/lm/text/chat.js';
import { PairsWorkerModule } from '#src/pairs/pairs-worker.module.js';
import { RewardWorkerModule } from '#src/reward/reward-worker.module.js';
import { TrainingWorkerModule } from '#src/training/training-worker.module.js';
import { givenCriterionVersion } from '../factories/ratings.js';
import { givenPolicyVersion, trainableCheckpoint } from '../factories/training.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { FakeEndpoint } from '../support/fake-endpoint.js';
import { createTinyPolicy, tinyCheckpoint, uploadFiles } from '../support/tiny-policy.js';
import { settled, startNode, type Node } from './jobs-fixture.js';

let fake: FakeEndpoint;
let t: TestApp;
let worker: Node;
beforeAll(async () => {
  fake = await FakeEndpoint.start();
  const settings = { ALLOW_PRIVATE_ENDPOINTS: 'true', ENDPOINT_KEY_FAKE: `${fake.origin} sk-test` };
  t = await createTestApp(settings);
  const env = { DATABASE_URL: t.config.databaseUrl!, PLUMBLINE_DATA_DIR: t.config.dataDir, COMPUTE_THREADS: '1', ...settings };
  worker = await startNode(env, ['generation', 'pair-building', 'reward-training', 'fine-tuning'], [CompletionsWorkerModule, PairsWorkerModule, RewardWorkerModule, TrainingWorkerModule]);
});
afterAll(async () => {
  await worker.close();
  await t.close();
  await fake.close();
});
beforeEach(() => fake.reset());

const get = (path: string) => request(t.http).get(path).set(t.admin);
const post = (path: string, body: object) => request(t.http).post(path).set(t.admin).send(body);
const user = { role: 'user', content: 'What is the weather in Oslo?' };
const system = { role: 'system', content: 'Be brief.' };
const tools = [{ type: 'function', function: { name: 'weather', description: 'The weather of a city', parameters: { type: 'object', properties: { city: { type: 'string' } } } } }];
const calling = { role: 'assistant', content: null, toolCalls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } }] };
const result = { role: 'tool', content: 'grey', toolCallId: 'call_1' };

test('case 20: a conversation is a prompt, kept as it was given', async () => {
  const given = { messages: [system, user, calling, result], tools, externalId: 'talk-1' };
  const { body } = await post('/v1/prompts', given).expect(201);
  expect(body).toMatchObject({ ...given, continueFinalMessage: false });
  expect(body.text).toBe('system: Be brief.\n\nuser: What is the weather in Oslo?\n\nassistant: [calls weather({"city":"Oslo"})]\n\ntool: grey');
  expect((await get(`/v1/prompts/${body.id}`)).body).toEqual(body);
  const text = await post('/v1/prompts', { text: 'Hi' }).expect(201);
  expect(text.body).toMatchObject({ text: 'Hi', messages: null, tools: null });
});

test.each([
  ['an empty list', { messages: [] }, '/messages', 'notEmpty'],
  ['two system messages', { messages: [user, { role: 'assistant', content: 'Grey.' }, system, user] }, '/messages/2/role', 'systemFirst'],
  ['a result without its call', { messages: [user, result] }, '/messages/1/toolCallId', 'answersCall'],
  ['an answer at the end', { messages: [user, { role: 'assistant', content: 'Grey.' }] }, '/messages/1/role', 'lastOfPrompt'],
  ['an unknown role', { messages: [{ role: 'boss', content: 'Go.' }] }, '/messages/0/role', 'isIn'],
  ['an unknown field of a message', { messages: [{ ...user, mood: 'good' }] }, '/messages/0/mood', 'whitelistValidation'],
  ['text and messages', { text: 'Hi', messages: [user] }, '/messages', 'oneOf'],
  ['neither', {}, '/text', 'oneOf'],
  ['tools of a text', { text: 'Hi', tools }, '/tools', 'oneOf'],
])('%s is refused where it is wrong', async (_, body, pointer, rule) => {
  const { errors } = (await post('/v1/prompts', body).expect(422)).body;
  expect(errors[0]).toMatchObject({ pointer, rule });
});

test('in bulk, lines have their own results, and the same conversation again is a duplicate', async () => {
  const lines = [
    { externalId: 'bulk-1', messages: [system, user] },
    { externalId: 'bulk-2', messages: [user, system] },
    { externalId: 'bulk-1', messages: [system, user] },
    { externalId: 'bulk-1', messages: [user] },
  ];
  const body = lines.map((line) => JSON.stringify(line)).join('\n');
  const { items } = (await request(t.http).post('/v1/prompts/bulk').set(t.admin).set('content-type', 'application/x-ndjson').send(body).expect(200)).body;
  expect(items.map(({ status }: { status: string }) => status)).toEqual(['created', 'failed', 'duplicate', 'failed']);
  expect(items[1].errors[0]).toMatchObject({ pointer: '/messages/1/role', rule: 'systemFirst' });
  expect(items[3].code).toBe('external_id_conflict');
});

async function batchOf(policyVersionId: string, prompts: object[]): Promise<{ id: string; jobId: string }> {
  const promptIds = [];
  for (const prompt of prompts) promptIds.push((await post('/v1/prompts', prompt).expect(201)).body.id as string);
  const set = await post('/v1/prompt-sets', { name: `set ${promptIds[0]}`, promptIds }).expect(201);
  const sampling = { n: 1, maxTokens: 4 };
  return (await post('/v1/completion-batches', { policyVersionId, promptSetId: set.body.id, sampling, maxFailedShare: 1 }).expect(202)).body as { id: string; jobId: string };
}

test('an endpoint gets messages and tools as they are', async () => {
  const { body: policy } = await post('/v1/policies', { name: 'served chat' }).expect(201);
  const endpoint = { baseUrl: `${fake.origin}/v1`, model: 'm-1', apiKeyEnv: 'ENDPOINT_KEY_FAKE' };
  const { body: version } = await post(`/v1/policies/${policy.id}/versions`, { endpoint }).expect(201);
  const batch = await batchOf(version.id, [{ messages: [system, user, calling, result], tools }]);
  expect(await settled(worker, batch.jobId)).toMatchObject({ state: 'succeeded', error: null });
  expect(fake.seen[0].body).toMatchObject({
    messages: [system, user, { role: 'assistant', content: null, tool_calls: calling.toolCalls }, { role: 'tool', content: 'grey', tool_call_id: 'call_1' }],
    tools,
  });
});

test('an endpoint gives back reasoning, tool calls and refusals, each kept', async () => {
  const { body: policy } = await post('/v1/policies', { name: 'served tools' }).expect(201);
  const endpoint = { baseUrl: `${fake.origin}/v1`, model: 'm-1', apiKeyEnv: 'ENDPOINT_KEY_FAKE' };
  const { body: version } = await post(`/v1/policies/${policy.id}/versions`, { endpoint }).expect(201);
  const messages = [
    { role: 'assistant', content: null, tool_calls: calling.toolCalls, reasoning_content: 'I need the weather.' },
    { role: 'assistant', content: null, refusal: 'I cannot help with that.' },
  ];
  fake.answer = (_, response, number) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ choices: [{ index: 0, finish_reason: 'stop', message: messages[number - 1] }] }));
  };
  const asked = [{ messages: [system, user], tools }, { messages: [user], tools }];
  for (const [i, expected] of [
    { text: '', toolCalls: calling.toolCalls, reasoning: 'I need the weather.', refusal: false },
    { text: 'I cannot help with that.', toolCalls: null, reasoning: null, refusal: true },
  ].entries()) {
    const batch = await batchOf(version.id, [asked[i]]);
    expect(await settled(worker, batch.jobId)).toMatchObject({ state: 'succeeded', error: null });
    expect((await get(`/v1/completions?batchId=${batch.id}`)).body.data).toMatchObject([expected]);
  }
});

test('a policy with a chat template answers conversations; one without fails that prompt by name and keeps the others', async () => {
  const checkpoint = tinyCheckpoint('talks');
  const tokenizer = { ...checkpoint.tokenizer, tokenizerConfigJson: withChatTemplate(checkpoint.tokenizer.tokenizerConfigJson, chatTemplate) };
  const { body: policy } = await post('/v1/policies', { name: 'talks' }).expect(201);
  const files = await uploadFiles(t, serializeCheckpoint({ ...checkpoint, tokenizer }));
  const { body: version } = await post(`/v1/policies/${policy.id}/versions`, { files }).expect(201);
  const talk = { messages: [system, user, { role: 'assistant', content: 'Grey.' }, { role: 'user', content: 'And in Rome?' }] };
  const answered = await batchOf(version.id, [talk]);
  expect(await settled(worker, answered.jobId)).toMatchObject({ state: 'succeeded', error: null });
  const { data } = (await get(`/v1/completions?batchId=${answered.id}`)).body;
  // Every message is read: more tokens than the last question has.
  expect(data[0].promptTokens).toBeGreaterThan(60);

  const { versionId } = await createTinyPolicy(t, 'single questions');
  const half = await batchOf(versionId, [talk, { text: 'Hi' }]);
  expect(await settled(worker, half.jobId)).toMatchObject({ state: 'succeeded' });
  expect((await get(`/v1/completions?batchId=${half.id}`)).body.data).toHaveLength(1);
  expect((await get(`/v1/completion-batches/${half.id}`)).body).toMatchObject({ failedCount: 1 });
});

describe('what is learned from conversations', () => {
  const talks = [...'abcdefghijkl'].map((letter, i) => ({
    externalId: `lesson-${i}`,
    messages: [system, { role: 'user', content: `Say ${letter}.` }, { role: 'assistant', content: letter }, { role: 'user', content: `And ${letter} again?` }],
  }));
  let policyVersionId: string;
  let pairSetId: string;
  let rewardModelId: string;
  let promptSetId: string;

  const bulk = async (path: string, lines: object[]) => {
    const body = lines.map((line) => JSON.stringify(line)).join('\n');
    const answer = await request(t.http).post(path).set(t.admin).set('content-type', 'application/x-ndjson').send(body).expect(200);
    expect(answer.body).toMatchObject({ created: lines.length, failed: 0 });
  };
  const done = async (path: string, body: object) => {
    const started = (await post(path, body).expect(202)).body as { id: string; jobId: string };
    expect(await settled(worker, started.jobId, undefined, 60_000)).toMatchObject({ state: 'succeeded', error: null });
    return started.id;
  };

  beforeAll(async () => {
    const checkpoint = trainableCheckpoint();
    const tokenizer = { ...checkpoint.tokenizer, tokenizerConfigJson: withChatTemplate(checkpoint.tokenizer.tokenizerConfigJson, chatTemplate) };
    policyVersionId = await givenPolicyVersion(t, 'pupil', { ...checkpoint, tokenizer });
    await bulk('/v1/prompts/bulk', talks);
    await bulk('/v1/completions/bulk', talks.flatMap(({ externalId }) => ['yes.', 'no, no, no.'].map((text, a) => ({ externalId: `${externalId}/${a}`, promptExternalId: externalId, text, source: 'spec' }))));
    const criterionVersionId = await givenCriterionVersion(t);
    await post('/v1/labelers', { externalId: 'reader', simulated: true }).expect(201);
    await bulk('/v1/ratings/bulk', talks.flatMap(({ externalId }) => [3, 1].map((score, a) => ({ completionExternalId: `${externalId}/${a}`, criterionVersionId, labelerExternalId: 'reader', score }))));
    pairSetId = await done('/v1/pair-sets', { criterionVersionId, strategy: 'all', evalFraction: 0.3, seed: 1 });
    promptSetId = (await post('/v1/prompt-sets', { name: 'lessons', externalIds: talks.map(({ externalId }) => externalId) }).expect(201)).body.id as string;
  });

  test('a reward model reads the whole conversation', async () => {
    rewardModelId = await done('/v1/reward-models', { name: 'talks', pairSetId, basePolicyVersionId: policyVersionId, hyperparameters: { epochs: 8, batchSize: 8, learningRate: 0.01, maxTokens: 256 } });
    const { evaluation } = (await get(`/v1/reward-models/${rewardModelId}`).expect(200)).body;
    expect(evaluation).toMatchObject({ split: 'eval', truncatedTexts: 0, accuracy: { value: 1 } });
  });

  test.each(['sft', 'dpo'])('%s trains on them', async (method) => {
    const settings = { epochs: 2, batchSize: 8, learningRate: 0.01 };
    const id = await done('/v1/training-runs', { method, policyVersionId, pairSetId, hyperparameters: settings });
    const { summary } = (await get(`/v1/training-runs/${id}`).expect(200)).body;
    expect(summary).toMatchObject({ dropped: 0, truncated: 0 });
    expect(summary.lossAfter).toBeLessThan(summary.lossBefore);
  });

  test('grpo answers them, and the reward model scores what it reads', async () => {
    const settings = { steps: 2, promptsPerStep: 2, groupSize: 2, maxTokens: 4, evaluationPrompts: 2 };
    const id = await done('/v1/training-runs', { method: 'grpo', policyVersionId, promptSetId, rewardModelId, hyperparameters: settings });
    const { data } = (await get(`/v1/training-runs/${id}/samples`).expect(200)).body;
    expect(data).toHaveLength(8);
    for (const sample of data) expect(Number.isFinite(sample.reward)).toBe(true);
  });

  test('pairs leave as TRL takes conversations', async () => {
    const { text } = await get(`/v1/pair-sets/${pairSetId}/export`).expect(200);
    const [first] = text.trim().split('\n').map((line) => JSON.parse(line) as unknown);
    expect(first).toMatchObject({
      prompt: [system, { role: 'user' }, { role: 'assistant' }, { role: 'user' }],
      chosen: [{ role: 'assistant', content: 'yes.' }],
      rejected: [{ role: 'assistant', content: 'no, no, no.' }],
    });
  });
});
