// Exported models run by plain onnxruntime-node, without anything of this repository, against our forward pass.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ModelConfig } from '#src/lm/model/config.js';
import { familyNames } from '#src/lm/model/model-config.js';
import { isNormWeight } from '#src/lm/model/parameter-shapes.js';
import { joined, writeChunks, type Tensors } from '#src/lm/files/safetensors.js';
import { tinyConfig, tinyConfigs } from '#src/lm/model/tiny-model.fixture.js';
import { onnxFiles } from '#src/lm/files/onnx-export.js';
import { decoderForward, lmLogits, rewardHead } from '#src/lm/model/transformer.js';
import { initWeights, rewardWeightsFrom } from '#src/lm/files/weights.js';
import { input } from '#src/nn/graph.js';
import { i64 } from '#src/nn/tensor.js';
import { runOnce } from '#src/nn/testing.fixture.js';
import { bindParams } from '#src/lm/testing.fixture.js';

interface Exported {
  config: ModelConfig;
  tensors: Tensors;
}

/** Initial weights of 0.02 make nearly uniform logits; larger ones, and biases that are not zero, make every part count. */
function policyOf(config: ModelConfig): Exported {
  const tensors = initWeights(config, 3);
  for (const [name, { data }] of Object.entries(tensors)) {
    if (name.endsWith('.bias')) data.forEach((_, i) => (data[i] = 0.1 * Math.sin(i + 1)));
    else if (isNormWeight(name)) data.forEach((value, i) => (data[i] = Number(value) + 0.1 * Math.cos(i)));
    else data.forEach((value, i) => (data[i] = Number(value) * 12));
  }
  return { config, tensors };
}

const policy = policyOf(tinyConfig);
const rewardOf = ({ config, tensors }: Exported): Exported => ({
  config: { ...config, head: 'reward' },
  tensors: rewardWeightsFrom(tensors, config, 4),
});

/** Ids of rows with the given lengths; our own forward pass of each row alone, without any padding. */
const rowOf = (row: number, length: number): number[] => Array.from({ length }, (_, t) => (7 * row + 5 * t + t * t) % tinyConfig.vocabSize);

async function ours({ config, tensors }: Exported, row: number[]): Promise<number[]> {
  const model = { config, params: bindParams(tensors, () => false).params };
  const { hidden } = decoderForward(model, input('ids', 'int64', [1, row.length]));
  const value = config.head === 'reward' ? rewardHead(model, hidden, input('last', 'int64', [1])) : lmLogits(model, hidden);
  const { value: result } = await runOnce({ value }, { ids: i64(row, [1, row.length]), last: i64([row.length - 1], [1]) });
  return Array.from(result.data, Number);
}

function feeds(lengths: number[], side: 'left' | 'right'): { rows: number[][]; inputs: Record<string, ort.Tensor>; time: number } {
  const time = Math.max(...lengths);
  const rows = lengths.map((length, row) => rowOf(row, length));
  const pad = (values: number[], filler: number): number[] => {
    const padding = Array<number>(time - values.length).fill(filler);
    return side === 'left' ? [...padding, ...values] : [...values, ...padding];
  };
  const tensor = (values: number[]): ort.Tensor => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [rows.length, time]);
  return {
    rows,
    time,
    inputs: { ids: tensor(rows.flatMap((row) => pad(row, 1))), attention_mask: tensor(rows.flatMap((row) => pad(row.map(() => 1), 0))) },
  };
}

const batches: [number[], 'left' | 'right'][] = [
  [[1], 'right'],
  [[5], 'right'],
  [[3, 9, 1], 'right'],
  [[3, 9, 1], 'left'],
  [[16, 40, 2, 33], 'right'],
  [[128, 60], 'left'],
];

const oneFile = (model: Exported): Uint8Array => joined(onnxFiles(model)['model.onnx']);

describe.each(familyNames)('ONNX export of %s', (family) => {
  const own = policyOf(tinyConfigs[family]);
  // Both kinds of output maps for every family.
  const other = policyOf({ ...own.config, tieWordEmbeddings: !own.config.tieWordEmbeddings });
  const reward = rewardOf(own);
  let sessions: Record<'own' | 'other' | 'reward', ort.InferenceSession>;
  beforeAll(async () => {
    const create = (model: Exported): Promise<ort.InferenceSession> => ort.InferenceSession.create(oneFile(model));
    sessions = { own: await create(own), other: await create(other), reward: await create(reward) };
  });
  afterAll(() => Promise.all(Object.values(sessions).map((session) => session.release())));

  it.each(batches)('gives the logits of our forward pass for rows of %j tokens, padded on the %s', async (lengths, side) => {
    for (const [name, model] of [['own', own], ['other', other]] as const) {
      const { rows, inputs, time } = feeds(lengths, side);
      const { logits } = await sessions[name].run(inputs);
      expect(logits.dims).toEqual([rows.length, time, model.config.vocabSize]);
      const data = logits.data as Float32Array;
      for (const [r, row] of rows.entries()) {
        const wanted = await ours(model, row);
        const first = (r * time + (side === 'left' ? time - row.length : 0)) * model.config.vocabSize;
        const gap = wanted.reduce((worst, value, i) => Math.max(worst, Math.abs(value - data[first + i])), 0);
        expect(gap).toBeLessThan(1e-4);
        expect(Math.max(...wanted.map(Math.abs))).toBeGreaterThan(0.5);
      }
    }
  });

  it.each(batches)('gives the rewards of our forward pass for rows of %j tokens, padded on the %s', async (lengths, side) => {
    const { rows, inputs } = feeds(lengths, side);
    const { reward: result } = await sessions.reward.run(inputs);
    expect(result.dims).toEqual([rows.length]);
    for (const [r, row] of rows.entries()) expect((result.data as Float32Array)[r]).toBeCloseTo((await ours(reward, row))[0], 4);
  });

  it('declares open batch and time', () => {
    expect(sessions.own.inputNames).toEqual(expect.arrayContaining(['ids', 'attention_mask']));
    const shapes = sessions.own.inputMetadata.map((meta) => (meta as { shape?: unknown }).shape);
    expect(shapes).toEqual([['batch', 'time'], ['batch', 'time']]);
  });

});

describe('ONNX export', () => {
  it('writes weights into a second file where one cannot hold them, with the same results', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'onnx-'));
    // Wide enough that its matrices are worth a place of their own.
    const wide = policyOf({ ...tinyConfig, hiddenSize: 128, intermediateSize: 256, headDim: 32, vocabSize: 512 });
    const files = onnxFiles(wide, {}, 100_000);
    expect(Object.keys(files)).toEqual(['model.onnx', 'model.onnx.data']);
    for (const [name, { chunks, byteLength }] of Object.entries(files)) {
      await writeChunks(join(folder, name), chunks);
      expect(statSync(join(folder, name)).size).toBe(byteLength);
    }
    expect(files['model.onnx'].byteLength).toBeLessThan(files['model.onnx.data'].byteLength / 4);
    const [one, two] = [await ort.InferenceSession.create(oneFile(wide)), await ort.InferenceSession.create(join(folder, 'model.onnx'))];
    const { inputs } = feeds([3, 9], 'right');
    expect((await two.run(inputs)).logits.data).toEqual((await one.run(inputs)).logits.data);
    await Promise.all([one.release(), two.release()]);
    rmSync(folder, { recursive: true });
    expect(Object.keys(onnxFiles(policy))).toEqual(['model.onnx']);
  });

  it('refuses lengths that the model does not read', () => {
    expect(() => onnxFiles(policy, { maxTime: 1000 })).toThrow(/maxTime must lie in 1..128, got 1000/);
  });
});
