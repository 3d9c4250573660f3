import request from 'supertest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '#src/common/id.js';
import { completionSeed } from '#src/completions/sampling.js';
import { CompletionsWorkerModule } from '#src/completions/completions-worker.module.js';
import { CompletionBatchHandler } from '#src/completions/completion-batch.handler.js';
import { Database } from '#src/database/database.js';
import type { JobContext } from '#src/jobs/job-handler.js';
import { givenPolicyVersion } from '../factories/training.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { createTinyPolicy, tinyCheckpoint } from '../support/tiny-policy.js';
import { settled, startNode, type Node } from './jobs-fixture.js';

interface Row {
  id: string;
  promptId: string;
  sampleIndex: number;
  text: string;
  seed: number;
  completionTokens: number;
}

const promptCount = 300;
let t: TestApp;
let worker: Node;
let policyVersionId: string;
let promptSetId: string;
beforeAll(async () => {
  t = await createTestApp();
  worker = await startNode(
    { DATABASE_URL: t.config.databaseUrl!, PLUMBLINE_DATA_DIR: t.config.dataDir, COMPUTE_THREADS: '1' },
    ['generation'],
    [CompletionsWorkerModule],
  );
  ({ versionId: policyVersionId } = await createTinyPolicy(t));
  const prompts = Array.from({ length: promptCount }, (_, i) => ({ text: `q${i % 10}`, externalId: `p${i}` }));
  await bulk('/v1/prompts/bulk', prompts.map((prompt) => JSON.stringify(prompt))).expect(200);
  promptSetId = await createPromptSet('all', prompts.map((prompt) => prompt.externalId));
});
afterAll(async () => {
  await worker.close();
  await t.close();
});

const get = (path: string) => request(t.http).get(path).set(t.admin);
const post = (path: string, body: object) => request(t.http).post(path).set(t.admin).send(body);
const bulk = (path: string, lines: string[]) =>
  request(t.http).post(path).set(t.admin).set('content-type', 'application/x-ndjson').send(lines.join('\n'));

async function createPromptSet(name: string, externalIds: string[]): Promise<string> {
  const { body } = await post('/v1/prompt-sets', { name, externalIds }).expect(201);
  return (body as { id: string }).id;
}

/** Every completion of a batch by prompt and index. */
async function completionsOf(batchId: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: { body: { data: Row[]; nextCursor: string | null } } = await get(
      `/v1/completions?batchId=${batchId}&limit=500${cursor && `&cursor=${cursor}`}`,
    ).expect(200);
    rows.push(...page.body.data);
    cursor = page.body.nextCursor;
  }
  return rows.sort((a, b) => a.promptId.localeCompare(b.promptId) || a.sampleIndex - b.sampleIndex);
}

async function generate(sampling: object, setId = promptSetId): Promise<{ id: string; jobId: string }> {
  const { body } = await post('/v1/completion-batches', { policyVersionId, promptSetId: setId, sampling }).expect(202);
  const job = await settled(worker, body.jobId, undefined, 50_000);
  expect(job.error).toBe(null);
  return body;
}

test('a policy answers a prompt set, n times each, and says how', async () => {
  const sampling = { temperature: 0.9, topP: 0.95, topK: 40, maxTokens: 5, n: 3, seed: 11 };
  const setId = await createPromptSet('few', ['p3', 'p1', 'p2']);
  const answer = await post('/v1/completion-batches', { policyVersionId, promptSetId: setId, sampling }).expect(202);
  const batch = answer.body;
  expect(batch).toMatchObject({ policyVersionId, promptSetId: setId, completionCount: 0 });
  const unused = { minP: 0, repetitionPenalty: 1, frequencyPenalty: 0, presencePenalty: 0, stop: [] };
  expect(batch.sampling).toEqual({ ...unused, ...sampling });
  expect(answer.headers).toMatchObject({ location: `/v1/jobs/${batch.jobId}`, 'retry-after': '1' });
  const job = await settled(worker, batch.jobId);
  expect(job).toMatchObject({ state: 'succeeded', progressCompleted: 9, progressTotal: 9, resultType: 'completion_batch', resultId: batch.id });
  expect((await get(`/v1/completion-batches/${batch.id}`)).body).toEqual({ ...batch, completionCount: 9 });
  const rows = await completionsOf(batch.id);
  expect(rows).toHaveLength(9);
  for (const row of rows) {
    const { text } = (await get(`/v1/prompts/${row.promptId}`)).body;
    expect(row).toMatchObject({ policyVersionId, source: null, seed: completionSeed(11, text, row.sampleIndex) });
    expect(row.completionTokens).toBeGreaterThanOrEqual(1);
    expect(row.completionTokens).toBeLessThanOrEqual(5);
    expect(['stop', 'length']).toContain((row as unknown as { finishReason: string }).finishReason);
  }
  expect((await get(`/v1/completions/${rows[0].id}`).expect(200)).body).toEqual(rows[0]);
  const { body: up } = await get(`/v1/lineage?type=completion_batch&id=${batch.id}&direction=up&depth=1`);
  expect(up.edges.map((edge: { parentType: string }) => edge.parentType).sort()).toEqual(['policy_version', 'prompt_set']);
  const few = await get(`/v1/completions?promptId=${rows[0].promptId}&policyVersionId=${policyVersionId}`);
  expect(few.body.data).toHaveLength(3);
});

test('stop strings end completions before themselves, and the batch records how it was drawn', async () => {
  const sampling = { maxTokens: 12, n: 2, seed: 5 };
  const setId = await createPromptSet('stopped', ['p1', 'p2', 'p3', 'p4']);
  const free = await completionsOf((await generate(sampling, setId)).id);
  // Two characters of an answer: they may lie within a token or across a border.
  // Random weights write broken UTF-8 too; a replacement character would be half a character of many texts.
  const stop = free.map((row) => /[\x20-\x7e]{2}/.exec(row.text)?.[0]).find((pair) => pair !== undefined)!;
  const batch = await generate({ ...sampling, stop: [stop] }, setId);
  expect((await get(`/v1/completion-batches/${batch.id}`)).body.sampling).toMatchObject({ stop: [stop] });
  const stopped = await completionsOf(batch.id);
  expect(stopped.map((row) => row.text)).toEqual(free.map(({ text }) => text.split(stop)[0]));
  const cut = stopped.filter((row, i) => row.text !== free[i].text);
  expect(cut.length).toBeGreaterThan(0);
  for (const row of cut) expect(row).toMatchObject({ finishReason: 'stop' });
});

test('the same seed gives the same texts beside other prompts too; another seed does not', async () => {
  const sampling = { maxTokens: 6, n: 2, seed: 5 };
  const one = await completionsOf((await generate(sampling, await createPromptSet('alone', ['p7']))).id);
  const many = await completionsOf((await generate(sampling)).id);
  expect(many).toHaveLength(2 * promptCount);
  expect(many.filter((row) => row.promptId === one[0].promptId).map((row) => row.text)).toEqual(one.map((row) => row.text));
  const other = await completionsOf((await generate({ ...sampling, seed: 6 })).id);
  expect(other.map((row) => row.text)).not.toEqual(many.map((row) => row.text));
});

test('a job that stops between chunks is finished by the next attempt, as if nothing had been', async () => {
  const sampling = { maxTokens: 4, seed: 3 };
  const straight = await completionsOf((await generate(sampling)).id);
  const interrupted = await generate(sampling);
  const database = t.get(Database);
  // As it is left by a worker that died after its first chunk.
  await database.transaction(async (tx) => {
    const first = straight.slice(0, 256).map((row) => row.promptId);
    await tx.query('DELETE FROM completions WHERE batch_id = $1 AND NOT prompt_id = ANY($2)', [interrupted.id, first]);
    await tx.query('UPDATE completion_batches SET completion_count = 256 WHERE id = $1', [interrupted.id]);
  });
  const kept = new Map((await completionsOf(interrupted.id)).map((row) => [row.promptId, row.id]));
  expect(kept.size).toBe(256);
  const seen: number[] = [];
  let timesKept = 0;
  const context: JobContext = {
    jobId: interrupted.jobId,
    attempt: 2,
    signal: new AbortController().signal,
    abandoned: new AbortController().signal,
    progress: async (completed) => void seen.push(completed),
    phase: () => undefined,
    log: () => undefined,
    metrics: async () => undefined,
    kept: async () => void timesKept++,
    commit: (work) => database.transaction(work),
  };
  const handler = worker.get(CompletionBatchHandler);
  await handler.run({ completionBatchId: interrupted.id }, context);
  const finished = await completionsOf(interrupted.id);
  expect(finished.map((row) => row.text)).toEqual(straight.map((row) => row.text));
  expect(finished.filter((row) => kept.get(row.promptId) === row.id)).toHaveLength(256);
  expect(Math.min(...seen)).toBeGreaterThan(256);
  expect(timesKept).toBeGreaterThan(0);
  expect((await get(`/v1/completion-batches/${interrupted.id}`)).body.completionCount).toBe(promptCount);
  await handler.run({ completionBatchId: interrupted.id }, context);
  expect(await completionsOf(interrupted.id)).toEqual(finished);
});

test('a completion ends where the model has no positions left, and a longer prompt fails the job by name', async () => {
  await post('/v1/prompts', { text: 'x'.repeat(240), externalId: 'long' }).expect(201);
  const [row] = await completionsOf((await generate({ maxTokens: 200 }, await createPromptSet('long', ['long']))).id);
  expect(row.completionTokens).toBeLessThan(20);
  await post('/v1/prompts', { text: 'x'.repeat(300), externalId: 'longer' }).expect(201);
  const setId = await createPromptSet('longer', ['longer']);
  const { body } = await post('/v1/completion-batches', { policyVersionId, promptSetId: setId, sampling: {} }).expect(202);
  const job = await settled(worker, body.jobId);
  expect(job).toMatchObject({ state: 'failed', attempt: 1, error: { code: 'prompt_too_long' } });
});

test('case 55: one prompt of many that is too long fails alone', async () => {
  const setId = await createPromptSet('one too long', ['longer', ...Array.from({ length: promptCount }, (_, i) => `p${i}`)]);
  const batch = await generate({ maxTokens: 2 }, setId);
  expect((await get(`/v1/completion-batches/${batch.id}`)).body).toMatchObject({ completionCount: promptCount, failedCount: 1 });
  const { data } = (await get(`/v1/completion-batches/${batch.id}/failures`)).body;
  expect(data).toMatchObject([{ code: 'prompt_too_long', message: expect.stringMatching(/has \d+ tokens; the policy takes at most/) }]);
});

test.each([
  [{ temperature: 2.1 }, '/sampling/temperature'],
  [{ topP: 0 }, '/sampling/topP'],
  [{ maxTokens: 0 }, '/sampling/maxTokens'],
  [{ n: 65 }, '/sampling/n'],
  [{ n: 1.5 }, '/sampling/n'],
  [{ seed: -1 }, '/sampling/seed'],
  [{ minP: 1.1 }, '/sampling/minP'],
  [{ repetitionPenalty: 0 }, '/sampling/repetitionPenalty'],
  [{ frequencyPenalty: -2.1 }, '/sampling/frequencyPenalty'],
  [{ presencePenalty: 3 }, '/sampling/presencePenalty'],
  [{ stop: 'END' }, '/sampling/stop'],
  [{ stop: [''] }, '/sampling/stop'],
  [{ stop: ['a\0'] }, '/sampling/stop/0'],
])('impossible sampling %j', async (sampling, pointer) => {
  const { body } = await post('/v1/completion-batches', { policyVersionId, promptSetId, sampling }).expect(422);
  expect(body.code).toBe('validation_failed');
  expect(body.errors[0].pointer).toBe(pointer);
});

test('a batch of what does not exist is refused and leaves no job', async () => {
  const jobs = (await get('/v1/jobs?limit=500')).body.data.length;
  const unknown = newId();
  const version = await post('/v1/completion-batches', { policyVersionId: unknown, promptSetId, sampling: {} }).expect(422);
  expect(version.body.code).toBe('unknown_policy_version');
  const set = await post('/v1/completion-batches', { policyVersionId, promptSetId: unknown, sampling: {} }).expect(422);
  expect(set.body.code).toBe('unknown_prompt_set');
  await post('/v1/completion-batches', { policyVersionId, promptSetId }).expect(422);
  expect((await get('/v1/jobs?limit=500')).body.data).toHaveLength(jobs);
  expect((await get(`/v1/completion-batches/${unknown}`).expect(404)).body.code).toBe('completion_batch_not_found');
  expect((await get(`/v1/completions/${unknown}`).expect(404)).body.code).toBe('completion_not_found');
});

test('completions recorded elsewhere land line by line, and once', async () => {
  const { body: page } = await get('/v1/prompts?externalId=p0');
  const promptId = page.data[0].id as string;
  const lines = [
    { externalId: 'c1', promptId, text: 'one', source: 'gpt-4', finishReason: 'stop' },
    { externalId: 'c2', promptExternalId: 'p0', text: '', source: 'gpt-4' },
    { externalId: 'c3', promptExternalId: 'nowhere', text: 'x', source: 's' },
    { externalId: 'c4', promptId, promptExternalId: 'p0', text: 'x', source: 's' },
    { externalId: 'c1', promptId, text: 'other', source: 'gpt-4' },
    { externalId: 'c5', promptId, text: 'x'.repeat(262_145), source: 's' },
    { externalId: 'c6', promptId, text: 'no source' },
    { externalId: 'c2', promptId, text: '', source: 'gpt-4' },
  ].map((line) => JSON.stringify(line));
  lines.splice(3, 0, 'not json');
  const { body } = await bulk('/v1/completions/bulk', lines).expect(200);
  expect(body.items.map((item: { code?: string; status: string }) => item.code ?? item.status)).toEqual([
    'created',
    'created',
    'unknown_prompt',
    'malformed_json',
    'prompt_reference',
    'external_id_conflict',
    'validation_failed',
    'validation_failed',
    'duplicate',
  ]);
  const { body: stored } = await get(`/v1/completions/${body.items[1].id}`).expect(200);
  expect(stored).toMatchObject({ promptId, text: '', source: 'gpt-4', externalId: 'c2', policyVersionId: null, finishReason: null });
  const again = await bulk('/v1/completions/bulk', lines.slice(0, 2)).expect(200);
  expect(again.body).toMatchObject({ created: 0, duplicates: 2, failed: 0 });
  expect(again.body.items[0].id).toBe(body.items[0].id);
});

test('weights in fewer bits write other completions than the policy itself, and are recorded; where they cannot be, refused', async () => {
  const few = await createPromptSet('three of all', ['p0', 'p1', 'p2']);
  const sampling = { temperature: 1, maxTokens: 32, n: 4 };
  // At the usual initial weights layers hardly matter, in however many bits.
  const strong = tinyCheckpoint('strong');
  for (const [name, { data }] of Object.entries(strong.tensors)) if (!name.endsWith('norm.weight')) data.forEach((value, i) => (data[i] = 12 * Number(value)));
  const versionId = await givenPolicyVersion(t, 'strong', strong);
  const write = async (weights?: string) => {
    const { body } = await post('/v1/completion-batches', { policyVersionId: versionId, promptSetId: few, sampling, ...(weights && { weights }) }).expect(202);
    expect((await settled(worker, body.jobId, undefined, 50_000)).error).toBe(null);
    const { body: batch } = await get(`/v1/completion-batches/${body.id}`).expect(200);
    expect(batch.weights).toBe(weights ?? 'f32');
    return (await completionsOf(body.id)).map(({ text }) => text);
  };
  const full = await write();
  expect(await write('f32')).toEqual(full);
  expect(await write('int4')).not.toEqual(full);
  const refused = async (id: string) => post('/v1/completion-batches', { policyVersionId: id, promptSetId: few, sampling, weights: 'int8' }).expect(422);
  const policy = (await post('/v1/policies', { name: 'others' }).expect(201)).body.id as string;
  const endpoint = await post(`/v1/policies/${policy}/versions`, { endpoint: { baseUrl: 'http://models.invalid/v1', model: 'm' } }).expect(201);
  const gpt2 = await givenPolicyVersion(t, 'gpt2', tinyCheckpoint(1, { family: 'gpt2', numKeyValueHeads: 2 }));
  expect((await refused(gpt2)).body).toMatchObject({ code: 'weights_format_impossible', errors: [{ pointer: '/weights', message: expect.stringContaining('gpt2') }] });
  expect((await refused(endpoint.body.id)).body).toMatchObject({ code: 'weights_format_impossible' });
  expect((await post('/v1/completion-batches', { policyVersionId, promptSetId: few, sampling, weights: 'int2' }).expect(422)).body.code).toBe('validation_failed');
});
