import request from 'supertest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ModelsService } from '#src/artifacts/models.service.js';
import { newId } from '#src/common/id.js';
import { Database } from '#src/database/database.js';
import { serializeCheckpoint, type FileMap } from '#src/lm/files/checkpoint.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { modelInfo } from '#src/policies/uploaded-model.js';
import { withSql } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { createTinyPolicy, tinyCheckpoint, uploadFiles } from '../support/tiny-policy.js';

let t: TestApp;
let policyId: string;
let versionId: string;
beforeAll(async () => {
  t = await createTestApp();
  ({ policyId, versionId } = await createTinyPolicy(t));
});
afterAll(() => t.close());

const get = (path: string) => request(t.http).get(path).set(t.admin);
const createVersion = (files: object[], id = policyId) =>
  request(t.http).post(`/v1/policies/${id}/versions`).set(t.admin).send({ files });
const putAlias = (alias: string, policyVersionId: string, id = policyId) =>
  request(t.http).put(`/v1/policies/${id}/aliases/${alias}`).set(t.admin).send({ policyVersionId });
const text = (value: unknown) => Buffer.from(JSON.stringify(value));

test('an uploaded checkpoint becomes version 1 and can be loaded as it was', async () => {
  const { body: version } = await get(`/v1/policy-versions/${versionId}`).expect(200);
  expect(version).toMatchObject({ policyId, number: 1, origin: 'uploaded', parentVersionId: null });
  expect((await get(`/v1/policies/${policyId}/versions`)).body.data).toEqual([version]);
  const { body: model } = await get(`/v1/models/${version.modelId}`).expect(200);
  expect(model).toMatchObject({ architecture: 'LlamaForCausalLM', config: { hidden_size: 32 } });
  const original = tinyCheckpoint();
  const sizes = Object.values(original.tensors).map((tensor) => tensor.data.length);
  expect(model.parameterCount).toBe(sizes.reduce((a, b) => a + b, 0));
  const loaded = await t.get(PolicyVersionsService).loadCheckpoint(versionId);
  expect(loaded.config).toEqual(original.config);
  expect(loaded.tensors).toEqual(original.tensors);
});

test('a checkpoint in shards becomes a version too, and one without all of its shards does not', async () => {
  const original = tinyCheckpoint('shards');
  const { policyId: id } = await createTinyPolicy(t, 'sharded');
  const files = await uploadFiles(t, serializeCheckpoint(original, 'F32', { maxShardBytes: 20_000 }));
  const shards = files.filter(({ name }) => name.endsWith('.safetensors'));
  expect(shards.length).toBeGreaterThan(2);
  const { body: version } = await createVersion(files, id).expect(201);
  const loaded = await t.get(PolicyVersionsService).loadCheckpoint(version.id);
  expect(loaded.tensors).toEqual(original.tensors);
  const { body: problem } = await createVersion(files.filter((file) => file !== shards[1]), id).expect(422);
  expect(problem).toMatchObject({ code: 'model_weights_invalid', detail: expect.stringContaining(`${shards[1].name} is missing`) });
  const { body: none } = await createVersion(files.filter(({ name }) => !name.startsWith('model')), id).expect(422);
  expect(none).toMatchObject({ code: 'model_file_missing', detail: expect.stringContaining('model.safetensors.index.json') });
});

test('its lineage leads back to the uploaded files', async () => {
  const { body } = await get(`/v1/lineage?type=policy_version&id=${versionId}&direction=up`).expect(200);
  const types = body.nodes.map((node: { type: string }) => node.type);
  expect(types.slice(0, 2)).toEqual(['policy_version', 'model']);
  expect(types.slice(2)).toEqual(Array(5).fill('artifact'));
});

test('a trained version takes the next number and knows its parent and its run', async () => {
  const checkpoint = tinyCheckpoint('trained');
  const model = await t.get(ModelsService).saveModel(undefined, serializeCheckpoint(checkpoint), modelInfo(checkpoint.config));
  const versions = t.get(PolicyVersionsService);
  const trainingRunId = newId();
  const trained = { parentVersionId: versionId, modelId: model.id, trainingRunId };
  const create = () => t.get(Database).transaction((tx) => versions.createTrainedVersion(tx, trained));
  const made = await Promise.all([create(), create(), create()]);
  expect(made.map((version) => version.number).sort()).toEqual([2, 3, 4]);
  expect(made[0]).toMatchObject({ policyId, origin: 'trained', parentVersionId: versionId, modelId: model.id });
  const { body } = await get(`/v1/lineage?type=policy_version&id=${made[0].id}&direction=up&depth=1`).expect(200);
  type Edge = { parentType: string; childType: string; relation: string };
  const own = (body.edges as Edge[]).filter((edge) => edge.childType === 'policy_version');
  expect(own.map((edge) => [edge.parentType, edge.relation]).sort()).toEqual([
    ['model', 'weights'],
    ['policy_version', 'parent'],
    ['training_run', 'trained_by'],
  ]);
  const pages = await get(`/v1/policies/${policyId}/versions?limit=3`).expect(200);
  const rest = await get(`/v1/policies/${policyId}/versions?limit=3&cursor=${pages.body.nextCursor}`).expect(200);
  expect(rest.body.data.map((version: { number: number }) => version.number)).toEqual([4]);
});

test('an alias moves from version to version of its own policy', async () => {
  await putAlias('production', versionId).expect(200);
  const { body: alias } = await putAlias('production', versionId).expect(200);
  expect(alias).toMatchObject({ policyId, alias: 'production', policyVersionId: versionId });
  expect((await get(`/v1/policies/${policyId}/aliases/production`).expect(200)).body).toEqual(alias);
  // Told and written down, once: the second time it pointed there already.
  const events = await withSql(t, async (sql) => (await sql.query(`SELECT data FROM domain_events WHERE type = 'policy.promoted'`)).rows);
  expect(events).toEqual([{ data: { policyId, policyVersionId: versionId, alias: 'production' } }]);
  const { data: acts } = (await get(`/v1/audit-log?action=policy.promoted&resource=policy:${policyId}`).expect(200)).body;
  expect(acts).toMatchObject([{ actor: { type: 'api_key' }, detail: { alias: 'production', policyVersionId: versionId } }]);
  expect((await get(`/v1/policies/${policyId}/aliases`)).body.data).toEqual([alias]);
  const other = await request(t.http).post('/v1/policies').set(t.admin).send({ name: 'other' }).expect(201);
  expect((await putAlias('production', versionId, other.body.id).expect(422)).body.code).toBe('unknown_policy_version');
  expect((await putAlias('production', newId()).expect(422)).body.code).toBe('unknown_policy_version');
  expect((await putAlias('No Alias', versionId).expect(422)).body.code).toBe('invalid_alias');
  expect((await get(`/v1/policies/${policyId}/aliases/never`).expect(404)).body.code).toBe('policy_alias_not_found');
});

test('names are taken once, unknown ids have their own codes', async () => {
  const again = await request(t.http).post('/v1/policies').set(t.admin).send({ name: 'tiny' }).expect(409);
  expect(again.body.code).toBe('policy_name_taken');
  expect((await get(`/v1/policies/${newId()}`).expect(404)).body.code).toBe('policy_not_found');
  expect((await get(`/v1/policy-versions/${newId()}`).expect(404)).body.code).toBe('policy_version_not_found');
  expect((await createVersion([], newId()).expect(404)).body.code).toBe('policy_not_found');
});

const good = serializeCheckpoint(tinyCheckpoint());
const config = JSON.parse(Buffer.from(good['config.json']).toString()) as object;
const truncated = good['model.safetensors'].subarray(0, good['model.safetensors'].length - 4);
test.each<[string, FileMap, string]>([
  ['no JSON', { ...good, 'config.json': Buffer.from('{') }, 'model_config_invalid'],
  ['another family', { ...good, 'config.json': text({ ...config, model_type: 'mamba' }) }, 'model_config_invalid'],
  ['a reward model', serializeCheckpoint(tinyCheckpoint(1, { head: 'reward' })), 'model_config_invalid'],
  ['another shape', { ...good, 'config.json': text({ ...config, intermediate_size: 47 }) }, 'model_weights_invalid'],
  ['fewer layers', { ...good, 'config.json': text({ ...config, num_hidden_layers: 1 }) }, 'model_weights_invalid'],
  ['more layers', { ...good, 'config.json': text({ ...config, num_hidden_layers: 3 }) }, 'model_weights_invalid'],
  ['no tokenizer', { ...good, 'tokenizer.json': text({}) }, 'model_tokenizer_invalid'],
  ['a larger vocabulary', { ...good, 'config.json': text({ ...config, vocab_size: 100 }) }, 'model_tokenizer_invalid'],
  ['cut weights', { ...good, 'model.safetensors': truncated }, 'model_weights_invalid'],
  ['no weights', { ...good, 'model.safetensors': Buffer.from('weights') }, 'model_weights_invalid'],
  ['a lying length', { ...good, 'model.safetensors': Buffer.alloc(64, 255) }, 'model_weights_invalid'],
  ['empty weights', { ...good, 'model.safetensors': Buffer.alloc(0) }, 'model_weights_invalid'],
  ['a file missing', { 'config.json': good['config.json'] }, 'model_file_missing'],
])('files that no worker could run are refused: %s', async (_, files, code) => {
  const { body } = await createVersion(await uploadFiles(t, files)).expect(422);
  expect(body.code).toBe(code);
  expect(body.detail).toBeTruthy();
});

test('a file named twice, an unknown artifact, an unknown name', async () => {
  const files = await uploadFiles(t, good);
  expect((await createVersion(files).expect(201)).body.number).toBeGreaterThan(1);
  expect((await createVersion([files[0], files[0], files[1]]).expect(422)).body.code).toBe('model_file_duplicate');
  const unknown = files.map((file) => ({ ...file, artifactId: newId() }));
  expect((await createVersion(unknown).expect(422)).body).toMatchObject({
    code: 'unknown_artifact',
    errors: [{ pointer: '/files/0/artifactId' }],
  });
  expect((await createVersion([{ name: 'evil.bin', artifactId: newId() }]).expect(422)).body.code).toBe('validation_failed');
});
