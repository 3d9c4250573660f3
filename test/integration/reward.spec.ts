import request from 'supertest';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ModelsService } from '#src/artifacts/models.service.js';
import { newId } from '#src/common/id.js';
import { parseCheckpoint } from '#src/lm/files/checkpoint.js';
import { isLoraName } from '#src/lm/model/lora-delta.js';
import { readSafetensors } from '#src/lm/files/safetensors.js';
import { Database } from '#src/database/database.js';
import { PairsWorkerModule } from '#src/pairs/pairs-worker.module.js';
import { RewardScorer } from '#src/rl/reward/reward-scorer.js';
import { RewardTrainingHandler } from '#src/reward/models/reward-training.handler.js';
import { RewardWorkerModule } from '#src/reward/reward-worker.module.js';
import { givenPolitePairs, type PoliteSample } from '../factories/preferences.js';
import { givenPrompt, withSql } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { createTinyPolicy } from '../support/tiny-policy.js';
import { settled, startNode, type Node } from './jobs-fixture.js';

// Training takes seconds, and a machine may be busy with other things.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let t: TestApp;
let worker: Node;
let pairSetId: string;
let policyVersionId: string;
/** An evaluation prompt with its completions, the odd ones preferred. */
let sample: PoliteSample;

const post = (path: string, body: object) => request(t.http).post(path).set(t.admin).send(body);
const get = (path: string) => request(t.http).get(path).set(t.admin);
const settings = { learningRate: 3e-3, epochs: 4, batchSize: 32, maxTokens: 64 };
const unknownId = '019a8a5e-0000-7000-8000-000000000001';

const env = () => ({ DATABASE_URL: t.database.url, PLUMBLINE_DATA_DIR: t.config.dataDir, JOB_LEASE_SECONDS: '10' });

beforeAll(async () => {
  t = await createTestApp({ MEMORY_LIMIT_BYTES: String(222 * 1024 ** 2) });
  worker = await startNode(env(), ['pair-building', 'reward-training', 'scoring'], [PairsWorkerModule, RewardWorkerModule]);
  policyVersionId = (await createTinyPolicy(t)).versionId;
  ({ pairSetId, sample } = await givenPolitePairs(t, worker));
});
afterAll(async () => {
  await worker.close();
  await t.close();
});

async function trained(name: string, hyperparameters: object = settings) {
  const { body } = await post('/v1/reward-models', { name, pairSetId, basePolicyVersionId: policyVersionId, hyperparameters }).expect(202);
  const job = await settled(worker, body.jobId, undefined, 240_000);
  expect(job).toMatchObject({ state: 'succeeded', resultType: 'reward_model', resultId: body.id, error: null });
  return (await get(`/v1/reward-models/${body.id}`).expect(200)).body;
}

describe('a reward model', () => {
  let rewardModel: Awaited<ReturnType<typeof trained>>;
  beforeAll(async () => {
    rewardModel = await trained('polite');
  });

  test('shows what it was trained with, and its accuracy on unseen prompts beside the nulls', async () => {
    expect(rewardModel).toMatchObject({ name: 'polite', pairSetId, basePolicyVersionId: policyVersionId });
    expect(rewardModel.hyperparameters).toMatchObject({ ...settings, objective: 'pairwise', lora: null, seed: 0, maxSteps: null });
    const { evaluation } = rewardModel;
    expect(evaluation).toMatchObject({ split: 'eval', truncatedTexts: 0, preferenceCeiling: null });
    expect(evaluation.evalPairs).toBe(4 * evaluation.evalPrompts);
    expect(evaluation.evalPairs + evaluation.trainPairs).toBe(80 * 4);
    expect(evaluation.accuracy.value).toBeGreaterThan(0.9);
    expect(evaluation.accuracy.low).toBeLessThanOrEqual(evaluation.accuracy.value);
    const { body: diagnostics } = await get(`/v1/pair-sets/${pairSetId}/diagnostics`).expect(200);
    expect(evaluation.nulls.longest).toBe(diagnostics.splits.eval.nulls.longest.accuracy);
    expect(evaluation.nulls.longest + evaluation.nulls.shortest).toBeCloseTo(1, 12);
    const { body: page } = await get(`/v1/reward-models/${rewardModel.id}/evaluations`).expect(200);
    expect(page.data).toEqual([evaluation]);
  });

  test('took about as many steps as its plan told', async () => {
    const plan = async (hyperparameters: object) =>
      (await post('/v1/reward-models/plan', { pairSetId, basePolicyVersionId: policyVersionId, hyperparameters }).expect(200)).body;
    const { steps, seconds, secondsPerStep } = await plan(settings);
    expect(Math.abs(steps - rewardModel.evaluation.steps)).toBeLessThanOrEqual(settings.epochs);
    expect(seconds).toBe(steps * secondsPerStep);
    expect((await plan({ ...settings, maxSteps: 5, members: 3 })).steps).toBe(15);
  });

  test('has a curve that can be polled', async () => {
    const path = `/v1/reward-models/${rewardModel.id}/metrics`;
    const { body: all } = await get(`${path}?limit=500`).expect(200);
    expect(all.data.map(({ step }: { step: number }) => step)).toEqual(Array.from({ length: rewardModel.evaluation.steps }, (_, i) => i + 1));
    expect(Object.keys(all.data[0].values).sort()).toEqual(
      ['accuracy', 'grad_norm', 'learning_rate', 'loss', 'margin', 'max_reward', 'mean_reward', 'min_reward'].sort(),
    );
    const { body: rest } = await get(`${path}?afterStep=${rewardModel.evaluation.steps - 2}`).expect(200);
    expect(rest.data.map(({ step }: { step: number }) => step)).toEqual([rewardModel.evaluation.steps - 1, rewardModel.evaluation.steps]);
    const { body: few } = await get(`${path}?maxPoints=2&names=loss`).expect(200);
    const half = Math.ceil(all.data.length / 2);
    const losses = all.data.map(({ values }: { values: { loss: number } }) => values.loss);
    expect(few).toMatchObject({ hasMore: false, data: [{ step: half, bucket: { fromStep: 1, steps: half } }, { step: all.data.length }] });
    expect(few.data[0].values).toEqual({ loss: expect.closeTo(losses.slice(0, half).reduce((a: number, b: number) => a + b) / half, 9) });
    expect(few.data[0].bucket.max.loss).toBe(Math.max(...losses.slice(0, half)));
    const { body: part } = await get(`${path}?from=2&to=3&names=accuracy,margin`).expect(200);
    expect(part.data.map(({ step, values }: { step: number; values: object }) => [step, Object.keys(values).sort()])).toEqual([2, 3].map((step) => [step, ['accuracy', 'margin']]));
    expect((await get(`${path}?from=3&to=2`).expect(422)).body.code).toBe('step_range_empty');
  });

  test('ranks the completions of a prompt, and answers at once the second time', async () => {
    const { body: first } = await post(`/v1/reward-models/${rewardModel.id}/score`, { promptId: sample.promptId }).expect(200);
    expect(first).toMatchObject({ rewardModelId: rewardModel.id, complete: true, jobId: expect.any(String) });
    expect(first.ranking.map(({ rank }: { rank: number }) => rank)).toEqual([1, 2, 3, 4]);
    const best = first.ranking.slice(0, 2).map(({ completionId }: { completionId: string }) => completionId);
    expect(new Set(best)).toEqual(new Set([sample.completionIds[1], sample.completionIds[3]]));
    const { rewardMean, rewardDeviation } = rewardModel.evaluation;
    const { score, normalizedScore } = first.ranking[0];
    expect(normalizedScore).toBeCloseTo((score - rewardMean) / rewardDeviation, 9);
    const { body: again } = await post(`/v1/reward-models/${rewardModel.id}/score`, { completionIds: sample.completionIds }).expect(200);
    expect(again).toEqual({ ...first, jobId: null });
  });

  test('a completion says who scored it', async () => {
    const [completionId] = sample.completionIds;
    const { body: ranked } = await post(`/v1/reward-models/${rewardModel.id}/score`, { completionIds: [completionId] }).expect(200);
    const own = { rewardModelId: rewardModel.id, rewardModelName: 'polite', score: ranked.ranking[0].score, memberScores: null };
    const { body } = await get(`/v1/completions/${completionId}/scores`).expect(200);
    expect(body).toEqual({ data: [own], hasMore: false, nextCursor: null });
    // Another model's, of three members, comes behind it.
    const other = newId();
    await withSql(t, (client) => client.query(
      `WITH model AS (
         INSERT INTO reward_models (id, name, pair_set_id, base_policy_version_id, hyperparameters)
         SELECT $2, 'three', pair_set_id, base_policy_version_id, hyperparameters FROM reward_models WHERE id = $1 RETURNING id)
       INSERT INTO completion_scores (reward_model_id, completion_id, score, member_scores) SELECT id, $3, 2, '{1,2,3}' FROM model`,
      [rewardModel.id, other, completionId]));
    const { body: first } = await get(`/v1/completions/${completionId}/scores?limit=1`).expect(200);
    expect(first).toMatchObject({ data: [own], hasMore: true });
    const { body: second } = await get(`/v1/completions/${completionId}/scores?limit=1&cursor=${first.nextCursor}`).expect(200);
    expect(second).toMatchObject({ data: [{ rewardModelId: other, rewardModelName: 'three', score: 2, memberScores: [1, 2, 3] }], hasMore: false });
    await withSql(t, (client) => client.query('DELETE FROM completion_scores WHERE reward_model_id = $1', [other]));
    await withSql(t, (client) => client.query('DELETE FROM reward_models WHERE id = $1', [other]));
    const unscored = await get(`/v1/completions/${unknownId}/scores`).expect(404);
    expect(unscored.body.code).toBe('completion_not_found');
  });

  test('scores as its files do', async () => {
    const files = await t.get(ModelsService).loadFiles(rewardModel.modelId);
    const scorer = RewardScorer.load(parseCheckpoint(files), { maxTokens: 64 });
    const prompt = (await get(`/v1/prompts/${sample.promptId}`)).body.text as string;
    const rewards = await scorer.score(sample.texts.map((completion) => ({ prompt, completion })));
    await scorer.dispose();
    const { body } = await post(`/v1/reward-models/${rewardModel.id}/score`, { promptId: sample.promptId }).expect(200);
    for (const { completionId, score } of body.ranking) {
      expect(score).toBeCloseTo(rewards[sample.completionIds.indexOf(completionId)], 5);
    }
  });

  test('is traced back to its pair set and its policy', async () => {
    const files = (await get(`/v1/models/${rewardModel.modelId}`).expect(200)).body.files as { artifactId: string; name: string }[];
    const weights = files.find(({ name }) => name === 'model.safetensors')!;
    const { body } = await get(`/v1/artifacts/${weights.artifactId}/lineage?direction=up`).expect(200);
    const ids = body.nodes.map(({ id }: { id: string }) => id);
    expect(ids).toEqual(expect.arrayContaining([rewardModel.modelId, rewardModel.id, pairSetId, policyVersionId]));
  });

  test('trained again from the same inputs has the same bits; another seed, others', async () => {
    const few = { ...settings, maxSteps: 3 };
    const [a, b] = [await trained('a', few), await trained('b', few)];
    expect(b.modelId).toBe(a.modelId);
    expect((await trained('c', { ...few, seed: 5 })).modelId).not.toBe(a.modelId);
  });

  test('low-rank factors are merged: the result is a plain checkpoint', async () => {
    const { id, modelId, hyperparameters } = await trained('low rank', { ...settings, maxSteps: 2, lora: { rank: 2, dropout: 0.1 } });
    expect(hyperparameters.lora).toMatchObject({ rank: 2, alpha: 4, dropout: 0.1 });
    const { body } = await get(`/v1/models/${modelId}`).expect(200);
    expect(body).toMatchObject({ architecture: 'LlamaForSequenceClassification', config: { num_labels: 1 } });
    expect(body.files.map(({ name }: { name: string }) => name)).not.toContain('adapter_model.safetensors');
    // Beside it, the factors and the head by themselves.
    const [member] = (await get(`/v1/reward-models/${id}/members`).expect(200)).body.data;
    expect(member).toMatchObject({ member: 0, modelId, steps: 2, keptStep: 2, ended: null });
    const bytesOf = async (name: string): Promise<Buffer> => {
      const { artifactId } = member.adapter.find((file: { name: string }) => file.name === name);
      const { body: bytes } = await get(`/v1/artifacts/${artifactId}/content`).buffer(true).parse((response, done) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => done(null, Buffer.concat(chunks)));
      }).expect(200);
      return bytes as Buffer;
    };
    const config = JSON.parse((await bytesOf('adapter_config.json')).toString()) as object;
    expect(config).toMatchObject({ task_type: 'SEQ_CLS', modules_to_save: ['score'], r: 2, lora_dropout: 0.1, base_model_name_or_path: policyVersionId });
    const { tensors } = readSafetensors(await bytesOf('adapter_model.safetensors'));
    const merged = (await t.get(ModelsService).loadFiles(modelId))['model.safetensors'];
    expect(tensors['base_model.model.score.weight'].data).toEqual(readSafetensors(merged).tensors['score.weight'].data);
    expect(Object.keys(tensors).filter(isLoraName)).toHaveLength(Object.keys(tensors).length - 1);
  });

  test('its members are listed: of one that is no ensemble, the model itself', async () => {
    const { body } = await get(`/v1/reward-models/${rewardModel.id}/members`).expect(200);
    expect(body).toMatchObject({ data: [{ member: 0, modelId: rewardModel.modelId, adapter: null }], nextCursor: null, hasMore: false });
    await get(`/v1/reward-models/${unknownId}/members`).expect(404);
  });

  test('is listed and found by its name', async () => {
    const { body } = await get('/v1/reward-models?name=polite').expect(200);
    expect(body.data).toEqual([rewardModel]);
    expect((await get(`/v1/reward-models?pairSetId=${unknownId}`)).body.data).toEqual([]);
  });

  test('a score that takes too long is answered by 202 and its job', async () => {
    const { promptId, completionIds } = await givenPrompt(t, 'later', [{ text: 'a' }, { text: 'b !!!' }]);
    const path = `/v1/reward-models/${rewardModel.id}/score`;
    const early = await post(path, { completionIds }).set('prefer', 'wait=0').expect(202);
    expect(early.body).toMatchObject({ complete: false, ranking: [] });
    expect(early.headers.location).toBe(`/v1/jobs/${early.body.jobId}`);
    expect(await settled(worker, early.body.jobId)).toMatchObject({ state: 'succeeded' });
    expect((await post(path, { promptId }).expect(200)).body).toMatchObject({ complete: true, jobId: null });
  });

  test.each<[string, () => object, number, string]>([
    ['nothing to score', () => ({}), 422, 'score_target'],
    ['both targets', () => ({ promptId: sample.promptId, completionIds: sample.completionIds }), 422, 'score_target'],
    ['unknown prompt', () => ({ promptId: unknownId }), 404, 'prompt_not_found'],
    ['unknown completion', () => ({ completionIds: [sample.completionIds[0], unknownId] }), 422, 'unknown_completion'],
    ['no id', () => ({ completionIds: ['x'] }), 422, 'validation_failed'],
  ])('%s', async (_name, body, status, code) => {
    const answer = await post(`/v1/reward-models/${rewardModel.id}/score`, body()).expect(status);
    expect(answer.body.code).toBe(code);
  });
});

describe('what cannot be trained', () => {
  const body = (change: object) => ({ name: `bad ${newId()}`, pairSetId, basePolicyVersionId: policyVersionId, ...change });
  const refused = async (change: object, status: number, code: string, pointer?: string) => {
    const answer = await post('/v1/reward-models', body(change)).expect(status);
    expect(answer.body.code).toBe(code);
    if (pointer) expect(answer.body.errors[0].pointer).toBe(pointer);
  };
  const pairSet = (built: boolean) =>
    withSql(t, async (client) => {
      const id = newId();
      await client.query(
        `INSERT INTO pair_sets (id, criterion_version_id, config, built_at, pair_count)
         SELECT $1, criterion_version_id, config, CASE WHEN $2 THEN now() END, 0 FROM pair_sets WHERE id = $3`,
        [id, built, pairSetId],
      );
      return id;
    });

  test('unknown, unbuilt and empty pair sets, unknown policies', async () => {
    await refused({ pairSetId: unknownId }, 422, 'unknown_pair_set', '/pairSetId');
    await refused({ pairSetId: await pairSet(false) }, 409, 'pair_set_not_ready');
    await refused({ pairSetId: await pairSet(true) }, 422, 'pair_set_empty', '/pairSetId');
    await refused({ basePolicyVersionId: unknownId }, 422, 'unknown_policy_version', '/basePolicyVersionId');
  });

  test('impossible hyperparameters', async () => {
    await refused({ hyperparameters: { batchSize: 1 } }, 422, 'validation_failed', '/hyperparameters/batchSize');
    await refused({ hyperparameters: { objective: 'listwise' } }, 422, 'validation_failed', '/hyperparameters/objective');
    await refused({ hyperparameters: { lora: { rank: 0 } } }, 422, 'validation_failed', '/hyperparameters/lora/rank');
    await refused({ hyperparameters: { trainedLayers: 0 } }, 422, 'validation_failed', '/hyperparameters/trainedLayers');
    await refused({ hyperparameters: { trainedLayers: 99 } }, 422, 'hyperparameters_impossible', '/hyperparameters/trainedLayers');
    await refused({ hyperparameters: { leraningRate: 1 } }, 422, 'unknown_field', '/hyperparameters/leraningRate');
  });

  test('a step that does not fit into memory, which a plan tells before', async () => {
    const plan = async (hyperparameters: object) =>
      (await post('/v1/reward-models/plan', { pairSetId, basePolicyVersionId: policyVersionId, hyperparameters }).expect(200)).body;
    const whole = { ...settings, batchSize: 1024, microBatchTokens: null };
    const large = await plan(whole);
    const [parts, again, factors] = [
      await plan({ ...whole, microBatchTokens: 512 }),
      await plan({ ...whole, gradientCheckpointing: true }),
      await plan({ ...settings, lora: { rank: 2 } }),
    ];
    expect(large).toMatchObject({ fits: false, microBatchTokens: null, runsPerStep: 1, secondsPerRun: large.secondsPerStep, limitBytes: t.config.memoryLimitBytes });
    expect(large.trainedParameters).toBe(large.parameters);
    const { peak, ...rest } = large.bytes as Record<string, number>;
    expect(peak).toBe(Object.values(rest).reduce((a, b) => a + b, 0));
    expect(parts.bytes.activations).toBeLessThan(large.bytes.activations / 3);
    expect(again.bytes.activations).toBeLessThan(large.bytes.activations);
    expect(again.floatingPointOperations).toBeGreaterThan(large.floatingPointOperations);
    expect(parts).toMatchObject({ fits: true, microBatchTokens: 512 });
    expect(parts.floatingPointOperations / large.floatingPointOperations).toBeCloseTo(1, 0);
    expect((parts.secondsPerStep / parts.secondsPerRun / parts.runsPerStep)).toBeCloseTo(1, 0);
    // Where nobody says how many, as many as the memory takes are computed at once; a small step stays whole.
    const chosen = await plan({ ...whole, microBatchTokens: undefined });
    expect(chosen).toMatchObject({ fits: true, microBatchTokens: expect.any(Number) });
    expect((await plan(settings)).microBatchTokens).toBeNull();
    expect(factors.trainedParameters).toBeLessThan(factors.parameters / 2);
    expect(factors.secondsPerStep).toBeGreaterThan(0);
    const upper = await plan({ ...settings, trainedLayers: 1, epochs: 2 });
    expect(upper.trainedParameters).toBeLessThan(upper.parameters);
    expect([large.trunkBytes, upper.trunkBytes > 0]).toEqual([0, true]);
    await refused({ hyperparameters: whole }, 422, 'training_does_not_fit', '/hyperparameters');
  });

  test('a name that is taken, and nothing is left behind', async () => {
    const count = (table: string) => withSql(t, async (client) => Number((await client.query(`SELECT count(*) FROM ${table}`)).rows[0].count));
    const before = [await count('jobs'), await count('lineage_edges')];
    await refused({ name: 'polite' }, 409, 'reward_model_exists', '/name');
    expect([await count('jobs'), await count('lineage_edges')]).toEqual(before);
  });

  test('unknown ids, missing scopes', async () => {
    for (const path of ['', '/metrics', '/evaluations']) {
      expect((await get(`/v1/reward-models/${unknownId}${path}`).expect(404)).body.code).toBe('reward_model_not_found');
    }
    const reader = await t.keyWith('reward-models:read');
    await request(t.http).post('/v1/reward-models').set(reader).send(body({})).expect(403);
    await request(t.http).get('/v1/reward-models').set(reader).expect(200);
  });

  test('one whose training was cancelled does not score, and can be trained after all', async () => {
    const { body: created } = await post('/v1/reward-models', body({ hyperparameters: { ...settings, epochs: 3 } })).expect(202);
    await post(`/v1/jobs/${created.jobId}/cancel`, {}).expect(202);
    expect(await settled(worker, created.jobId, undefined, 240_000)).toMatchObject({ state: 'cancelled' });
    const score = () => post(`/v1/reward-models/${created.id}/score`, { promptId: sample.promptId });
    expect((await score().expect(409)).body.code).toBe('reward_model_failed');
    expect((await get(`/v1/reward-models/${created.id}/evaluations`).expect(200)).body.data).toEqual([]);
    await post(`/v1/jobs/${created.jobId}/retry`, {}).expect(202);
    expect(await settled(worker, created.jobId, undefined, 240_000)).toMatchObject({ state: 'succeeded' });
    expect((await score().expect(200)).body.complete).toBe(true);
  });

  test('each member that is trained is progress, after which lost workers are counted anew', async () => {
    const { body: created } = await post('/v1/reward-models', body({ hyperparameters: { ...settings, members: 2, maxSteps: 2 } })).expect(202);
    await post(`/v1/jobs/${created.jobId}/cancel`, {}).expect(202);
    await settled(worker, created.jobId, undefined, 240_000);
    const database = worker.get(Database);
    let commits = 0;
    const kept: number[] = [];
    await worker.get(RewardTrainingHandler).run({ rewardModelId: created.id }, {
      jobId: created.jobId,
      attempt: 1,
      signal: new AbortController().signal,
      abandoned: new AbortController().signal,
      progress: () => Promise.resolve(),
      phase: () => undefined,
      log: () => undefined,
      metrics: () => Promise.resolve(),
      kept: async () => void kept.push(commits),
      commit: (work) => database.transaction(work).finally(() => commits++),
    });
    // After the member's own commit, and before the model's.
    expect(kept).toEqual([1, 2]);
  });
});
