// A reward model that was trained elsewhere: uploaded, it gives over REST the rewards that transformers gives (golden files by
// tools/oracles/reward_texts.py).
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Plumbline } from '#sdk/client.js';
import { serializeCheckpoint, type FileMap } from '#src/lm/files/checkpoint.js';
import { loadCheckpoint } from '#src/lm/files/load-checkpoint.js';
import { RewardWorkerModule } from '#src/reward/reward-worker.module.js';
import { importRewardModel } from '../../scripts/import-policy/upload.js';
import { exportModel } from '../../scripts/export-model/export.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { tinyCheckpoint, uploadFiles } from '../support/tiny-policy.js';
import { startNode, type Node } from './jobs-fixture.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const golden = new URL('../golden/reward/uploaded/', import.meta.url);
const files: FileMap = Object.fromEntries(
  readdirSync(golden).filter((name) => name !== 'texts.json').map((name) => [name, readFileSync(new URL(name, golden))]),
);
const texts = JSON.parse(readFileSync(new URL('texts.json', golden), 'utf8')) as { prompt: string; completion: string; reward: number }[];

let t: TestApp;
let worker: Node;
beforeAll(async () => {
  t = await createTestApp();
  worker = await startNode({ DATABASE_URL: t.database.url, PLUMBLINE_DATA_DIR: t.config.dataDir }, ['scoring'], [RewardWorkerModule]);
});
afterAll(async () => {
  await worker.close();
  await t.close();
});

const post = (path: string, body: object) => request(t.http).post(path).set(t.admin).send(body);
const get = (path: string) => request(t.http).get(path).set(t.admin);
const upload = async (name: string, given: FileMap, more: object = {}) => post('/v1/reward-models/upload', { name, files: await uploadFiles(t, given), ...more });

async function rewardsOf(id: string): Promise<{ score: number; normalizedScore: number | null }[]> {
  const { body } = await post(`/v1/reward-models/${id}/score-texts`, { texts: texts.map(({ prompt, completion }) => ({ prompt, completion })) }).set('prefer', 'wait=60').expect(200);
  return body.scores;
}

function expectGolden(scores: { score: number }[]): void {
  scores.forEach(({ score }, i) => expect(Math.abs(score - texts[i].reward), texts[i].prompt).toBeLessThan(1e-4));
}

test('scores texts as transformers does, and says that nothing here made it', async () => {
  const { body, status } = await upload('of others', files);
  expect([status, body]).toMatchObject([201, { origin: 'uploaded', jobId: null, pairSetId: null, basePolicyVersionId: null, hyperparameters: null, evaluation: null, trainedAt: null, maxTokens: 256 }]);
  expect((await get(`/v1/reward-models/${body.id}`).expect(200)).body).toEqual(body);
  const scores = await rewardsOf(body.id);
  expectGolden(scores);
  expect(new Set(scores.map(({ score }) => score.toFixed(3))).size).toBe(texts.length);
  expect(scores.map(({ normalizedScore }) => normalizedScore)).toEqual(texts.map(() => null));
  const { body: lineage } = await get(`/v1/lineage?type=reward_model&id=${body.id}&direction=up`).expect(200);
  expect(lineage.nodes.map(({ type }: { type: string }) => type)).toEqual(['reward_model', 'model', ...Object.keys(files).map(() => 'artifact')]);
  expect((await get(`/v1/reward-models/${body.id}/evaluations`).expect(200)).body.data).toEqual([]);
  expect((await get(`/v1/reward-models/${body.id}/metrics`).expect(200)).body.data).toEqual([]);
});

test('comes in by the command and leaves by the other, with the same rewards', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reward-'));
  const client = new Plumbline({ baseUrl: await t.app.getUrl(), apiKey: t.adminKey });
  const checkpoint = await loadCheckpoint(golden.pathname);
  const { id } = await importRewardModel(client, checkpoint, { name: 'by command', maxShardBytes: 9000, maxTokens: 128 });
  expectGolden(await rewardsOf(id));
  expect((await exportModel(client, id, folder)).kind).toBe('reward model');
  expect((await loadCheckpoint(folder)).tensors).toEqual(checkpoint.tensors);
  rmSync(folder, { recursive: true });
});

test('what cannot score is refused', async () => {
  expect((await upload('of others', files)).body).toMatchObject({ code: 'reward_model_exists' });
  const policy = await upload('a policy', serializeCheckpoint(tinyCheckpoint()));
  expect([policy.status, policy.body.code]).toEqual([422, 'model_config_invalid']);
  const config = JSON.parse(Buffer.from(files['config.json']).toString()) as object;
  const labels = { ...files, 'config.json': Buffer.from(JSON.stringify({ ...config, id2label: { 0: 'a', 1: 'b' } })) };
  expect((await upload('two labels', labels)).body).toMatchObject({ code: 'model_config_invalid', detail: expect.stringContaining('num_labels 1') });
  expect((await upload('long', files, { maxTokens: 257 })).body).toMatchObject({ code: 'max_tokens_impossible', errors: [{ pointer: '/maxTokens' }] });
});
