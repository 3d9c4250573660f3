// Weights along a run's way: kept, judged, dropped, promoted; what stops a run, and pauses one.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Plumbline } from '#sdk/client.js';
import { ModelsService } from '#src/artifacts/models.service.js';
import { sha256 } from '#src/common/hash.js';
import { parseAdapter } from '#src/lm/lora/adapter.js';
import { parseCheckpoint } from '#src/lm/files/checkpoint.js';
import { mergeLora } from '#src/lm/lora/lora.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { TrainingWorkerModule } from '#src/training/training-worker.module.js';
import { exportModel } from '../../scripts/export-model/export.js';
import { withSql } from '../factories/ratings.js';
import { givenPairSet, givenPolicyVersion, givenPromptSet, givenRewardModel, trainableCheckpoint } from '../factories/training.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { settled, startNode, type Node } from './jobs-fixture.js';

let t: TestApp;
let worker: Node;
let policyVersionId: string;
let pairSetId: string;
let rewardModelId: string;
let promptSetId: string;

const post = (path: string, body: object = {}) => request(t.http).post(path).set(t.admin).send(body);
const get = (path: string) => request(t.http).get(path).set(t.admin);

beforeAll(async () => {
  t = await createTestApp();
  const env = { DATABASE_URL: t.database.url, PLUMBLINE_DATA_DIR: t.config.dataDir, JOB_LEASE_SECONDS: '10', COMPUTE_THREADS: '1' };
  worker = await startNode(env, ['fine-tuning'], [TrainingWorkerModule]);
  policyVersionId = await givenPolicyVersion(t, 'learner', trainableCheckpoint());
  const pairOf = (letter: string, split: 'train' | 'eval') => ({ prompt: `${letter}?`, chosen: 'yes.', rejected: `${letter} ${letter} ${letter}`, split });
  pairSetId = await givenPairSet(t, [
    ...[...'abcdefghijkl'].map((letter) => pairOf(letter, 'train')),
    ...[...'mnop'].map((letter) => pairOf(letter, 'eval')),
  ]);
  rewardModelId = await givenRewardModel(t, policyVersionId);
  promptSetId = await givenPromptSet(t, 'practice', ['who?', 'what?', 'where?', 'when?']);
});
afterAll(async () => {
  await worker.close();
  await t.close();
});

const settings = { epochs: 3, batchSize: 8, learningRate: 0.01, schedule: 'constant' };

async function start(hyperparameters: object, method = 'dpo'): Promise<{ id: string; jobId: string }> {
  const inputs = method === 'grpo' ? { rewardModelId, promptSetId, hyperparameters } : { pairSetId, hyperparameters: { ...settings, ...hyperparameters } };
  const { body } = await post('/v1/training-runs', { method, policyVersionId, ...inputs }).expect(202);
  return body as { id: string; jobId: string };
}

async function finished(hyperparameters: object, method?: string) {
  const { id, jobId } = await start(hyperparameters, method);
  expect(await settled(worker, jobId, undefined, 60_000)).toMatchObject({ state: 'succeeded', error: null });
  return (await get(`/v1/training-runs/${id}`).expect(200)).body;
}

interface Row {
  step: number;
  modelId: string;
  sha256: string;
  metricValue: number | null;
  best: boolean;
  policyVersionId: string | null;
  adapter: { name: string; artifactId: string }[] | null;
}
const checkpointsOf = async (id: string): Promise<Row[]> => (await get(`/v1/training-runs/${id}/checkpoints`).expect(200)).body.data as Row[];
const modelOf = async (versionId: string): Promise<string> => (await get(`/v1/policy-versions/${versionId}`).expect(200)).body.modelId as string;

describe('checkpoints', () => {
  test('the latest stay and the best becomes the version; any other can be promoted, once', async () => {
    const run = await finished({ checkpointEvery: 2, keepCheckpoints: 2, evaluateEvery: 2, keep: 'best', beta: 0.5, learningRate: 0.1 });
    const rows = await checkpointsOf(run.id);
    const curve = (await get(`/v1/training-runs/${run.id}/metrics`).expect(200)).body.data as { step: number; values: Record<string, number> }[];
    const judged = curve.filter(({ values }) => 'eval_loss' in values);
    expect(judged.map(({ step }) => step)).toEqual([2, 3, 4, 6, 8, 9]);
    const lowest = judged.reduce((low, row) => (row.values.eval_loss < low.values.eval_loss ? row : low));
    expect(rows.slice(-2).map(({ step }) => step)).toEqual([8, 9]);
    expect(rows.length).toBeLessThanOrEqual(3);
    const best = rows.find((row) => row.best)!;
    expect(best).toMatchObject({ step: lowest.step, metric: 'eval_loss', metricValue: lowest.values.eval_loss, policyVersionId: run.resultPolicyVersionId });
    expect(run.summary.lossAfter).toBe(lowest.values.eval_loss);
    expect(await modelOf(run.resultPolicyVersionId)).toBe(best.modelId);
    const weights = await t.get(ModelsService).loadFiles(best.modelId, (name) => name === 'model.safetensors');
    expect(sha256(weights['model.safetensors'])).toBe(best.sha256);

    const other = rows.find((row) => !row.best)!;
    const { body: version } = await post(`/v1/training-runs/${run.id}/checkpoints/${other.step}/promote`).expect(200);
    expect(version).toMatchObject({ origin: 'trained', parentVersionId: policyVersionId, modelId: other.modelId });
    expect((await post(`/v1/training-runs/${run.id}/checkpoints/${other.step}/promote`).expect(200)).body.id).toBe(version.id);
    const { body: lineage } = await get(`/v1/lineage?type=policy_version&id=${version.id}&direction=up`).expect(200);
    expect(JSON.stringify(lineage)).toContain(run.id);
    expect((await post(`/v1/training-runs/${run.id}/checkpoints/1/promote`).expect(409)).body.code).toBe('training_checkpoint_dropped');
    expect((await post(`/v1/training-runs/${run.id}/checkpoints/99/promote`).expect(404)).body.code).toBe('training_checkpoint_not_found');
  });

  test('what retention drops is gone with its rows and files; what two runs share stays', async () => {
    const models = () => withSql(t, async (client) => (await client.query('SELECT count(*)::int AS n FROM models')).rows[0].n as number);
    const before = await models();
    const first = await finished({ seed: 3 });
    expect(await models()).toBe(before + 1);
    // The same run with checkpoints passes through the same weights, and ends with those of the first.
    const second = await finished({ seed: 3, checkpointEvery: 1, keepCheckpoints: 1 });
    expect(await modelOf(second.resultPolicyVersionId)).toBe(await modelOf(first.resultPolicyVersionId));
    expect(await models()).toBeLessThanOrEqual(before + 2);
    const [kept] = (await checkpointsOf(second.id)).slice(-1);
    const orphans = await withSql(t, async (client) => (await client.query(
      `SELECT 1 FROM artifacts a WHERE kind = 'model-file' AND file_name = 'model.safetensors'
       AND NOT EXISTS (SELECT 1 FROM model_files f WHERE f.artifact_id = a.id) AND a.created_at > now() - interval '1 minute'
       AND a.sha256 <> $1 AND EXISTS (SELECT 1 FROM lineage_edges e WHERE e.child_id = a.id)`, [kept.sha256])).rows.length);
    expect(orphans).toBe(0);
    await expect(t.get(PolicyVersionsService).loadCheckpoint(first.resultPolicyVersionId)).resolves.toBeDefined();
  });

  test.each([
    ['', {}, {}],
    [' of the upper layers', { trainedLayers: 1, epochs: 3 }, { layers: [1] }],
  ])('a run on low-rank factors%s leaves a PEFT folder that makes the same weights', async (_name, settings, layers) => {
    const lora = { rank: 2, alpha: 4, targetModules: ['q_proj', 'v_proj'] };
    const run = await finished({ lora, maxSteps: 3, ...settings }, 'sft');
    const [{ adapter, modelId, step }] = await checkpointsOf(run.id);
    expect(step).toBe(3);
    expect(adapter!.map(({ name }) => name).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
    const files: Record<string, Uint8Array> = {};
    for (const { name, artifactId } of adapter!) {
      const { body } = await get(`/v1/artifacts/${artifactId}/content`).buffer(true).parse((response, done) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => done(null, Buffer.concat(chunks)));
      }).expect(200);
      files[name] = body as Buffer;
    }
    const { lora: read, factors } = parseAdapter(files);
    expect(read).toEqual({ ...lora, ...layers });
    const base = trainableCheckpoint();
    const merged = mergeLora(base.tensors, factors, base.config, read);
    const trained = parseCheckpoint(await t.get(ModelsService).loadFiles(modelId));
    for (const [name, tensor] of Object.entries(trained.tensors)) expect(tensor.data, name).toEqual(merged[name].data);

    const client = new Plumbline({ baseUrl: await t.app.getUrl(), apiKey: t.adminKey });
    const folder = mkdtempSync(join(tmpdir(), 'export-'));
    const exported = await exportModel(client, run.resultPolicyVersionId, folder, { adapter: { base: 'owner/base' } });
    expect(exported).toEqual({ kind: 'policy version', files: ['adapter_config.json', 'adapter_model.safetensors'] });
    expect(readFileSync(join(folder, 'adapter_model.safetensors'))).toEqual(Buffer.from(files['adapter_model.safetensors']));
    const { base_model_name_or_path: named, ...rest } = JSON.parse(readFileSync(join(folder, 'adapter_config.json'), 'utf8'));
    expect([named, rest]).toEqual(['owner/base', expect.objectContaining({ r: 2, lora_alpha: 4 })]);
    const full = await finished({ maxSteps: 1 }, 'sft');
    await expect(exportModel(client, full.resultPolicyVersionId, folder, { adapter: {} })).rejects.toThrow('was not made by training LoRA factors');
    rmSync(folder, { recursive: true });
  });
});

test('a run that diverges ends with a verdict and the last good weights, and makes no version', async () => {
  // Products of two maps of the MLP are beyond float32 after the first update.
  const lora = { rank: 1, alpha: 1e30, targetModules: ['gate_proj', 'up_proj', 'down_proj'] };
  const run = await finished({ lora });
  expect(run).toMatchObject({ resultPolicyVersionId: null, verdict: { status: 'failed' } });
  expect(run.summary.stopped).toMatchObject({ reason: 'diverged', step: expect.any(Number), detail: expect.stringContaining('gradient norm') });
  expect(run.verdict.findings).toContainEqual(expect.objectContaining({ check: 'stopped_diverged', status: 'failed' }));
  expect(run.summary.lossAfter).toBeCloseTo(Math.LN2, 4);
});

describe('a run is stopped and goes on', () => {
  /** The job once so many steps are done. */
  async function reached(jobId: string, step: number): Promise<void> {
    for (;;) {
      const { body } = await get(`/v1/jobs/${jobId}`).expect(200);
      if (body.phase === 'training' && body.progress.completed >= step) return;
      if (body.terminal) throw new Error('the job was over too soon');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  // Longer than the quarter of a second between two writes of progress, on a fast machine too.
  const long = {
    dpo: { epochs: 1000, maxSteps: 400, seed: 9 },
    grpo: { steps: 80, promptsPerStep: 4, groupSize: 4, maxTokens: 8, evaluationPrompts: 2, learningRate: 0.002, seed: 9 },
  };

  test.each(['dpo', 'grpo'] as const)('%s: paused it keeps what it has, resumed or retried it ends with the bits of an undisturbed run', async (method) => {
    const straight = await finished(long[method], method);
    const paused = await start(long[method], method);
    await reached(paused.jobId, 3);
    await post(`/v1/jobs/${paused.jobId}/pause`).expect((r) => expect(r.status).toBeLessThan(300));
    await settled(worker, paused.jobId, 'paused');
    expect((await get(`/v1/training-runs/${paused.id}`).expect(200)).body).toMatchObject({ finishedAt: null, resultPolicyVersionId: null, verdict: null });
    const saves = await withSql(t, async (client) => (await client.query('SELECT step FROM run_saves WHERE owner_id = $1', [paused.id])).rows as { step: number }[]);
    expect(Math.max(...saves.map(({ step }) => step))).toBeGreaterThanOrEqual(3);
    await post(`/v1/jobs/${paused.jobId}/resume`).expect((r) => expect(r.status).toBeLessThan(300));
    await reached(paused.jobId, 5);
    await post(`/v1/jobs/${paused.jobId}/cancel`).expect((r) => expect(r.status).toBeLessThan(300));
    await settled(worker, paused.jobId, 'cancelled');
    expect((await get(`/v1/training-runs/${paused.id}`).expect(200)).body.resultPolicyVersionId).toBeNull();
    await post(`/v1/jobs/${paused.jobId}/retry`).expect((r) => expect(r.status).toBeLessThan(300));
    await settled(worker, paused.jobId, 'succeeded', 60_000);
    const { body: run } = await get(`/v1/training-runs/${paused.id}`).expect(200);
    expect(run.summary).toEqual(straight.summary);
    expect(await modelOf(run.resultPolicyVersionId)).toBe(await modelOf(straight.resultPolicyVersionId));
    const left = await withSql(t, async (client) => (await client.query('SELECT 1 FROM run_saves WHERE owner_id = $1', [paused.id])).rows.length);
    expect(left).toBe(0);
  });
});
