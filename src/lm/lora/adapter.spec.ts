import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { input } from '#src/nn/graph.js';
import { runOnce } from '#src/nn/testing.fixture.js';
import { floats, i64 } from '#src/nn/tensor.js';
import { mergeAdapter, parseAdapter, readAdapterDir } from './adapter.js';
import { parseCheckpoint, type Checkpoint, type FileMap } from '../files/checkpoint.js';
import { readSafetensors } from '../files/safetensors.js';
import { decoderForward, lmLogits } from '../model/transformer.js';
import { bindParams, writeSafetensors } from '../testing.fixture.js';

// Made by tools/oracles/families.py and tools/oracles/peft_adapter.py.
const folder = new URL('../../../test/golden/families/', import.meta.url);
const bytes = (path: string): Uint8Array => readFileSync(new URL(path, folder));
const cases = JSON.parse(readFileSync(new URL('cases.json', folder), 'utf8')) as Record<string, { ids: number[][] }>;
const baseOf = (name: string): Checkpoint =>
  parseCheckpoint({
    'config.json': bytes(`${name}/config.json`),
    'model.safetensors': bytes(`${name}/model.safetensors`),
    'tokenizer.json': new TextEncoder().encode('{}'),
  });
const filesOf = (name: string): FileMap => ({
  'adapter_config.json': bytes(`${name}-peft/adapter_config.json`),
  'adapter_model.safetensors': bytes(`${name}-peft/adapter_model.safetensors`),
});

async function logitsOf({ config, tensors }: Checkpoint, ids: number[][]): Promise<Float32Array> {
  const model = { config, params: bindParams(tensors, () => false).params };
  const shape = [ids.length, ids[0].length];
  const { hidden } = decoderForward(model, input('ids', 'int64', shape));
  return floats((await runOnce({ logits: lmLogits(model, hidden) }, { ids: i64(ids.flat(), shape) })).logits);
}

const gap = (a: Float32Array, b: Float32Array): number => a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i])), 0);

describe('adapters of peft', () => {
  it.each(['llama-tied', 'qwen3', 'gpt2'])('for %s, merged here, gives the logits that peft gives', async (name) => {
    const base = baseOf(name);
    const merged = mergeAdapter(base, await readAdapterDir(new URL(`${name}-peft`, folder).pathname));
    const wanted = floats(readSafetensors(bytes(`${name}-peft/expected.safetensors`)).tensors.logits);
    expect(gap(await logitsOf(merged, cases[name].ids), wanted)).toBeLessThan(1e-4);
    expect(gap(await logitsOf(base, cases[name].ids), wanted)).toBeGreaterThan(0.1);
  });

  const changed = (change: object, name = 'llama-tied'): FileMap => {
    const files = filesOf(name);
    const json = JSON.parse(new TextDecoder().decode(files['adapter_config.json'])) as object;
    return { ...files, 'adapter_config.json': new TextEncoder().encode(JSON.stringify({ ...json, ...change })) };
  };

  it.each<[object, RegExp]>([
    [{ peft_type: 'IA3' }, /peft_type "IA3" is not supported/],
    [{ use_dora: true }, /use_dora true/],
    [{ use_rslora: true }, /use_rslora true/],
    [{ bias: 'all' }, /bias "all"/],
    [{ rank_pattern: { q_proj: 8 } }, /rank_pattern {"q_proj":8}/],
    [{ alpha_pattern: { q_proj: 8 } }, /alpha_pattern/],
    [{ modules_to_save: ['score'] }, /modules_to_save \["score"\]/],
    [{ layer_replication: [[0, 1]] }, /layer_replication/],
    [{ fan_in_fan_out: true }, /fan_in_fan_out true does not fit maps such as (q|v)_proj/],
    [{ target_modules: '.*_proj' }, /target_modules ".\*_proj" are not all linear maps/],
    [{ target_modules: ['embed_tokens'] }, /target_modules/],
    [{ r: 0 }, /r 0 and lora_alpha 12 must be positive/],
  ])('that ask for %j are refused by the field', (change, message) => {
    expect(() => parseAdapter(changed(change))).toThrow(message);
  });

  it('for all linear maps may say so in a word', () => {
    const { lora } = parseAdapter(changed({ target_modules: 'all-linear' }, 'qwen3'));
    expect(lora).toMatchObject({ rank: 3, alpha: 12 });
    expect(lora.targetModules).toHaveLength(7);
  });

  it('that do not fit the base are refused', () => {
    const adapter = parseAdapter(filesOf('llama-tied'));
    expect(() => mergeAdapter(baseOf('qwen3'), adapter)).toThrow(/has shape \[\d+, \d+\], the model needs/);
    expect(() => mergeAdapter(baseOf('gpt2'), adapter)).toThrow(/has none of the LoRA targets/);
    expect(() => mergeAdapter(baseOf('llama-tied'), parseAdapter(changed({ target_modules: ['q_proj', 'k_proj', 'v_proj'] })))).toThrow(/k_proj.* is missing/);
    expect(() => mergeAdapter(baseOf('llama-tied'), parseAdapter(changed({ target_modules: ['q_proj'] })))).toThrow(/v_proj.* has no place/);
    const [first] = Object.keys(adapter.factors);
    const files = { ...filesOf('llama-tied'), 'adapter_model.safetensors': writeSafetensors({ ...adapter.factors, 'score.weight': adapter.factors[first] }) };
    expect(() => parseAdapter(files)).toThrow('"score.weight" is not a LoRA factor');
    expect(() => parseAdapter({})).toThrow('adapter_config.json is missing');
  });
});
