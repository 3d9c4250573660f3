// A model leaves through the public API as a folder: as stored, in another format, in shards, as ONNX.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Plumbline } from '#sdk/client.js';
import { ModelsService } from '#src/artifacts/models.service.js';
import { newId } from '#src/common/id.js';
import { readCheckpointDir, serializeCheckpoint } from '#src/lm/files/checkpoint.js';
import { modelInfo } from '#src/policies/uploaded-model.js';
import { exportModel } from '../../scripts/export-model/export.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { createTinyPolicy, tinyCheckpoint } from '../support/tiny-policy.js';

let t: TestApp;
let client: Plumbline;
let versionId: string;
let parent: string;
let folder: string;
beforeAll(async () => {
  t = await createTestApp();
  client = new Plumbline({ baseUrl: await t.app.getUrl(), apiKey: t.adminKey });
  ({ versionId } = await createTinyPolicy(t));
  parent = mkdtempSync(join(tmpdir(), 'export-'));
});
beforeEach(() => {
  folder = mkdtempSync(join(parent, 'to-'));
});
afterAll(async () => {
  await t.close();
  rmSync(parent, { recursive: true });
});

const original = tinyCheckpoint();

test('as it is stored, byte for byte', async () => {
  let last = [0, 0];
  const { kind, files } = await exportModel(client, versionId, folder, { onBytes: (done, total) => (last = [done, total]) });
  const stored = serializeCheckpoint(original);
  expect([kind, files]).toEqual(['policy version', Object.keys(stored).sort()]);
  expect(readdirSync(folder).sort()).toEqual(files);
  for (const name of files) expect(readFileSync(join(folder, name)), name).toEqual(Buffer.from(stored[name]));
  const bytes = Object.values(stored).reduce((sum, content) => sum + content.length, 0);
  expect(last).toEqual([bytes, bytes]);
});

test('in half precision and in shards, as a folder that is read back', async () => {
  const { files } = await exportModel(client, versionId, folder, { format: 'F16', maxShardBytes: 10_000 });
  expect(readdirSync(folder).sort()).toEqual(files);
  expect(files.filter((name) => /^model-\d{5}-of-\d{5}\.safetensors$/.test(name)).length).toBeGreaterThan(2);
  expect(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))).toMatchObject({ torch_dtype: 'float16' });
  const { config, tensors } = await readCheckpointDir(folder);
  expect(config).toEqual(original.config);
  for (const [name, { data }] of Object.entries(original.tensors))
    tensors[name].data.forEach((value, i) => expect(Math.abs(Number(value) - Number(data[i]))).toBeLessThan(2 ** -10));
});

test('as ONNX, which plain ONNX Runtime runs', async () => {
  const { files } = await exportModel(client, versionId, folder, { onnx: { maxTime: 32 } });
  expect(files).toEqual(['config.json', 'model.onnx', 'tokenizer.json', 'tokenizer_config.json']);
  const session = await ort.InferenceSession.create(join(folder, 'model.onnx'));
  const tensor = (values: number[]) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, 3]);
  const { logits } = await session.run({ ids: tensor([5, 6, 7]), attention_mask: tensor([1, 1, 1]) });
  expect(logits.dims).toEqual([1, 3, original.config.vocabSize]);
  await session.release();
});

test('a model by its own id; an id of nothing, and a version without an adapter', async () => {
  const reward = tinyCheckpoint(2, { head: 'reward' });
  const { id } = await t.get(ModelsService).saveModel(undefined, serializeCheckpoint(reward), modelInfo(reward.config));
  expect((await exportModel(client, id, folder)).kind).toBe('model');
  expect((await readCheckpointDir(folder)).tensors).toEqual(reward.tensors);
  const nothing = newId();
  await expect(exportModel(client, nothing, folder)).rejects.toThrow(`no policy version, reward model or model has the id ${nothing}`);
  await expect(exportModel(client, versionId, folder, { adapter: {} })).rejects.toThrow('was not made by training LoRA factors');
  await expect(exportModel(client, id, folder, { adapter: {} })).rejects.toThrow('a model has no adapter');
});
