import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { grad } from '#src/nn/grad.js';
import { input, type Node } from '#src/nn/graph.js';
import { interpret } from '#src/nn/interpret.js';
import { mean, neg } from '#src/nn/ops.js';
import { runOnce } from '#src/nn/testing.fixture.js';
import { floats, i64, type Tensor } from '#src/nn/tensor.js';
import { lastPositions, padRight } from '../text/batching.js';
import { parseCheckpoint, serializeCheckpoint, type Checkpoint } from '../files/checkpoint.js';
import { parseConfig, type ModelConfig } from './config.js';
import { familyNames } from './model-config.js';
import { allLinearOf, initLora, loraTargets, mergeLora, toPeftConfig } from '../lora/lora.js';
import { isLoraName } from './lora-delta.js';
import { isDecayed, linearModules, parameterShapes } from './parameter-shapes.js';
import { readSafetensors, type Tensors } from '../files/safetensors.js';
import { tinyConfigs } from './tiny-model.fixture.js';
import { decoderForward, lmLogits, rewardHead, tokenLogProbs, valueHead, type Model, rotaryTables } from './transformer.js';
import { initWeights, rewardWeightsFrom } from '../files/weights.js';
import { bindParams, writeSafetensors } from '../testing.fixture.js';

// Made by tools/oracles/families.py with transformers.
interface Case {
  ids: number[][];
  /** Of reward models. */
  lengths?: number[];
  gradients?: { loss: number; norm: number; parameters: Record<string, { norm: number; first: number[] }> };
}

const folder = new URL('../../../test/golden/families/', import.meta.url);
const bytes = (path: string): Uint8Array => readFileSync(new URL(path, folder));
const cases = JSON.parse(readFileSync(new URL('cases.json', folder), 'utf8')) as Record<string, Case>;
const files = (name: string) => ({
  'config.json': bytes(`${name}/config.json`),
  'model.safetensors': bytes(`${name}/model.safetensors`),
  'tokenizer.json': new TextEncoder().encode('{}'),
});
const expected = (name: string): Tensors => readSafetensors(bytes(`${name}/expected.safetensors`)).tensors;
const frozen = ({ config, tensors }: Pick<Checkpoint, 'config' | 'tensors'>): Model => ({
  config,
  params: bindParams(tensors, () => false).params,
});
const gap = (a: Tensor, b: Tensor): number => {
  expect(a.data).toHaveLength(b.data.length);
  return floats(a).reduce((worst, value, i) => Math.max(worst, Math.abs(value - floats(b)[i])), 0);
};
const tensorOf = (ids: number[][]): Tensor => i64(ids.flat(), [ids.length, ids[0].length]);

async function logitsOf(model: Model, ids: number[][]): Promise<Tensor> {
  const { hidden } = decoderForward(model, input('ids', 'int64', [ids.length, ids[0].length]));
  return (await runOnce({ logits: lmLogits(model, hidden) }, { ids: tensorOf(ids) })).logits;
}

const isReward = (name: string): boolean => cases[name].lengths !== undefined;
const policies = Object.keys(cases).filter((name) => !isReward(name));

describe('checkpoints of transformers', () => {
  it.each(policies)('%s has the same logits here', async (name) => {
    const checkpoint = parseCheckpoint(files(name));
    expect(gap(await logitsOf(frozen(checkpoint), cases[name].ids), expected(name).logits)).toBeLessThan(1e-4);
    expect(Math.max(...floats(expected(name).logits))).toBeGreaterThan(1);
  });

  it.each(Object.keys(cases).filter(isReward))('%s has the same rewards here', async (name) => {
    const { ids, lengths = [] } = cases[name];
    const model = frozen(parseCheckpoint(files(name)));
    const [batch, time] = [ids.length, ids[0].length];
    const { hidden } = decoderForward(model, input('ids', 'int64', [batch, time]));
    const rewards = rewardHead(model, hidden, input('last', 'int64', [batch]));
    const last = lastPositions({ batch, time, lengths, ids: new BigInt64Array() });
    const feeds = { ids: tensorOf(ids), last: i64(last, [batch]) };
    const results = await runOnce({ rewards, values: valueHead(model, hidden) }, feeds);
    expect(gap(results.rewards, expected(name).rewards)).toBeLessThan(1e-4);
    // The value head reads the same map at every token.
    const values = [...last].map((at) => floats(results.values)[Number(at)]);
    expect(values).toEqual([...floats(results.rewards)]);
    expect(results.values.shape).toEqual([batch * time]);
  });

  it.each(policies.filter((name) => cases[name].gradients))('%s has the same gradients here', async (name) => {
    const { ids, gradients } = cases[name];
    const { config, tensors } = parseCheckpoint(files(name));
    const { params, trainable } = bindParams(tensors, () => true);
    const model = { config, params };
    const [batch, time] = [ids.length, ids[0].length];
    const { hidden } = decoderForward(model, input('ids', 'int64', [batch, time]));
    const at = ids.flatMap((_, row) => Array.from({ length: time - 1 }, (__, t) => row * time + t));
    const targets = ids.flatMap((row) => row.slice(1));
    const logits = lmLogits(model, hidden, input('at', 'int64', [at.length]));
    const loss = neg(mean(tokenLogProbs(logits, input('targets', 'int64', [at.length]))));
    const nodes = trainable.map((parameter) => params[parameter]);
    const named = grad(loss, nodes).map((node, i): [string, Node] => [`gradient.${trainable[i]}`, node]);
    const values = await runOnce(
      { loss, ...Object.fromEntries(named) },
      { ...tensors, ids: tensorOf(ids), at: i64(at, [at.length]), targets: i64(targets, [at.length]) },
    );
    expect(floats(values.loss)[0]).toBeCloseTo(gradients!.loss, 4);
    expect(trainable.sort()).toEqual(Object.keys(gradients!.parameters).sort());
    let square = 0;
    for (const [parameter, { norm, first }] of Object.entries(gradients!.parameters)) {
      const got = floats(values[`gradient.${parameter}`]);
      const size = Math.hypot(...got);
      square += size ** 2;
      expect(Math.abs(size - norm), parameter).toBeLessThan(1e-4 * Math.max(1, norm));
      first.forEach((value, i) => expect(Math.abs(got[i] - value), parameter).toBeLessThan(1e-4));
    }
    expect(Math.abs(Math.sqrt(square) / gradients!.norm - 1)).toBeLessThan(1e-4);
  });

  it('reads GPT-2 files without the prefix of the trunk and with mask buffers', () => {
    const whole = parseCheckpoint(files('gpt2'));
    const bare = Object.entries(whole.tensors).map(([name, tensor]) => [name.replace(/^transformer\./, ''), tensor]);
    const mask = { dtype: 'float32', shape: [1, 1, 2, 2], data: new Float32Array(4) } as const;
    const stored = { ...Object.fromEntries(bare), 'h.0.attn.bias': mask, 'h.0.attn.masked_bias': mask };
    const again = parseCheckpoint({ ...files('gpt2'), 'model.safetensors': writeSafetensors(stored as Tensors) });
    expect(again).toEqual(whole);
  });

  it.each(Object.keys(cases))('%s survives being saved here', (name) => {
    const checkpoint = parseCheckpoint(files(name));
    expect(parseCheckpoint(serializeCheckpoint(checkpoint))).toEqual(checkpoint);
  });
});

describe.each(familyNames)('family %s', (name) => {
  const config: ModelConfig = tinyConfigs[name];
  const ids = [
    [3, 9, 27, 4, 12],
    [8, 24, 35, 38, 30],
  ];
  const weights = initWeights(config, 1);
  // Biases start at zero and norms at one; away from there they show.
  for (const { data } of Object.values(weights)) data.forEach((value, i) => (data[i] = 4 * Number(value) + 0.05 * (i % 3)));

  it('has the parameters of its configuration, and decays matrices alone', () => {
    const shapes = parameterShapes(config);
    expect(Object.keys(weights)).toEqual(Object.keys(shapes));
    for (const [parameter, shape] of Object.entries(shapes)) expect(isDecayed(parameter), parameter).toBe(shape.length > 1);
  });

  it('computes the same on ONNX Runtime and on the reference interpreter', async () => {
    const model = frozen({ config, tensors: weights });
    const outputs = { logits: lmLogits(model, decoderForward(model, input('ids', 'int64', [2, 5])).hidden) };
    const feeds = { ids: tensorOf(ids) };
    expect(gap((await runOnce(outputs, feeds)).logits, interpret(outputs, feeds).logits)).toBeLessThan(1e-4);
  });

  it('is not moved by padding', async () => {
    const model = frozen({ config, tensors: weights });
    const padded = padRight([ids[0]], { multiple: 16 });
    const long = await logitsOf(model, [[...padded.ids].map(Number)]);
    const short = await logitsOf(model, [ids[0]]);
    expect(gap({ ...long, data: floats(long).subarray(0, short.data.length) }, short)).toBeLessThan(1e-5);
  });

  it('adapts all its linear maps, alike with factors beside and merged', async () => {
    const lora = { rank: 2, alpha: 4, targetModules: [...linearModules] };
    const factors = initLora(config, lora, 2);
    for (const { data } of Object.values(factors)) data.forEach((_, i) => (data[i] = 0.1 * Math.sin(i + 1)));
    const params = bindParams({ ...weights, ...factors }, () => false).params;
    const adapted = await logitsOf({ config, params, lora }, ids);
    const merged = await logitsOf(frozen({ config, tensors: mergeLora(weights, factors, config, lora) }), ids);
    expect(gap(adapted, merged)).toBeLessThan(1e-4);
    expect(gap(adapted, await logitsOf(frozen({ config, tensors: weights }), ids))).toBeGreaterThan(1e-2);
    const matrices = Object.keys(weights).filter((n) => weights[n].shape.length === 2 && /\.\d+\./.test(n));
    expect(loraTargets(config, lora).sort()).toEqual(matrices.sort());
    expect(Object.keys(factors).every(isLoraName)).toBe(true);
  });

  it('becomes a reward model with its own trunk', () => {
    const reward = rewardWeightsFrom(weights, config, 3);
    expect(Object.keys(reward)).toEqual(Object.keys(parameterShapes({ ...config, head: 'reward' })));
    expect(reward['score.weight'].shape).toEqual([1, config.hiddenSize]);
  });
});

describe('families', () => {
  it('names the targets of PEFT, and whether bases are transposed', () => {
    expect(allLinearOf(tinyConfigs.gpt2)).toEqual(['c_attn', 'c_proj', 'c_fc']);
    expect(allLinearOf(tinyConfigs.qwen3)).toHaveLength(7);
    const peft = (family: 'gpt2' | 'qwen2') =>
      toPeftConfig({ rank: 1, alpha: 1, targetModules: allLinearOf({ family }) }, 'base').fan_in_fan_out;
    expect([peft('gpt2'), peft('qwen2')]).toEqual([true, false]);
    expect(() => loraTargets(tinyConfigs.gpt2, { rank: 1, alpha: 1, targetModules: ['q_proj'] })).toThrow(
      /the model has none of the LoRA targets \[q_proj\]; it has c_attn, c_proj, c_fc/,
    );
  });

  it('refuses more positions than are learned', () => {
    const model = frozen({ config: tinyConfigs.gpt2, tensors: initWeights(tinyConfigs.gpt2, 1) });
    expect(() => decoderForward(model, input('ids', 'int64', [1, 129]))).toThrow(/129 positions are more than the 128/);
  });

  it('scales rotary frequencies: the fast stay, the slow are stretched', () => {
    const scaling = { type: 'llama3', factor: 4, lowFreqFactor: 1, highFreqFactor: 4, originalMaxPositions: 32 } as const;
    const at = (ropeScaling?: typeof scaling) =>
      floats(rotaryTables({ ...tinyConfigs.llama, headDim: 16, ropeScaling }, 2).sin).subarray(8);
    const [plain, scaled] = [at(), at(scaling)];
    expect(scaled[0]).toBe(plain[0]);
    expect(Math.asin(scaled[7])).toBeCloseTo(Math.asin(plain[7]) / 4, 8);
    expect(scaled[1] / plain[1]).toBeGreaterThan(0.25);
    expect(scaled[1] / plain[1]).toBeLessThan(1);
  });

  const json = (name: string): Record<string, unknown> =>
    JSON.parse(new TextDecoder().decode(bytes(`${name}/config.json`))) as Record<string, unknown>;

  it.each([
    ['gpt2', { activation_function: 'relu' }, /activation_function "relu"/],
    ['gpt2', { scale_attn_by_inverse_layer_idx: true }, /scale_attn_by_inverse_layer_idx/],
    ['gpt2', { n_head: 5 }, /n_embd \/ n_head must be a positive integer, got 6.4/],
    ['mistral', { sliding_window: 16 }, /sliding_window 16 \(below max_position_embeddings 64\)/],
    ['qwen2-tied', { use_sliding_window: true, sliding_window: 16 }, /sliding_window 16/],
    ['qwen3', { attention_bias: true }, /attention_bias/],
    ['qwen3', { layer_types: ['full_attention', 'sliding_attention'] }, /layer type "sliding_attention"/],
    ['llama-tied', { partial_rotary_factor: 0.5 }, /partial_rotary_factor 0.5/],
    ['llama3-scaled', { rope_parameters: { rope_type: 'dynamic', factor: 2 } }, /rope_type "dynamic"/],
  ])('refuses %s with %j', (name, change, message) => {
    expect(() => parseConfig({ ...json(name), ...change })).toThrow(message);
  });

  it.each([
    ['mistral', { sliding_window: 64 }],
    ['mistral', { sliding_window: null }],
    ['qwen2-tied', { use_sliding_window: false, sliding_window: 16 }],
  ])('accepts %s with %j, a window that never matters', (name, change) => {
    expect(parseConfig({ ...json(name), ...change })).toEqual(parseConfig(json(name)));
  });
});
