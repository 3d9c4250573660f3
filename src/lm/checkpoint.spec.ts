import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAdapter, serializeAdapter } from './adapter.js';
import {
  CheckpointError,
  checkpointHash,
  parseCheckpoint,
  readCheckpointDir,
  serializeCheckpoint,
  writeCheckpointDir,
} from './checkpoint.js';
import { allLinear, initLora } from './lora.js';
import { writeSafetensors } from './safetensors.js';
import { tinyConfig } from './tiny-model.fixture.js';
import { Tokenizer } from './tokenizer.js';
import { trainBpe } from './train-bpe.js';
import { initWeights, rewardWeightsFrom } from './weights.js';

const tokenizer = trainBpe(['a b'], {
  merges: 0,
  specialTokens: ['<pad>', '<eos>'],
  eos: '<eos>',
  pad: '<pad>',
});
const checkpoint = { config: tinyConfig, tokenizer, tensors: initWeights(tinyConfig, 1) };
const reward = {
  ...checkpoint,
  config: { ...tinyConfig, head: 'reward' as const },
  tensors: rewardWeightsFrom(checkpoint.tensors, tinyConfig, 2),
};
const json = (bytes: Uint8Array): Record<string, unknown> =>
  JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;

describe('checkpoint', () => {
  it.each([
    ['policy', checkpoint],
    ['reward model', reward],
  ])('round-trips a %s through files and a folder', async (_, original) => {
    expect(parseCheckpoint(serializeCheckpoint(original))).toEqual(original);
    const directory = await mkdtemp(join(tmpdir(), 'checkpoint-'));
    try {
      await writeCheckpointDir(directory, original);
      const back = await readCheckpointDir(directory);
      expect(back).toEqual(original);
      expect(checkpointHash(back)).toBe(checkpointHash(original));
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('writes what transformers expects of a reward model', () => {
    const files = serializeCheckpoint(reward, 'BF16');
    expect(json(files['config.json'])).toMatchObject({
      architectures: ['LlamaForSequenceClassification'],
      num_labels: 1,
      torch_dtype: 'bfloat16',
    });
    expect(reward.tensors['score.weight'].shape).toEqual([1, 16]);
    expect(reward.tensors['lm_head.weight']).toBeUndefined();
  });

  it('hashes what the model computes', () => {
    const changed = { ...checkpoint, config: { ...tinyConfig, ropeTheta: 20_000 } };
    const other = { ...checkpoint, tensors: initWeights(tinyConfig, 3) };
    expect(new Set([checkpoint, changed, other, reward].map(checkpointHash)).size).toBe(4);
    expect(checkpointHash({ ...checkpoint, tensors: initWeights(tinyConfig, 1) })).toBe(
      checkpointHash(checkpoint),
    );
  });

  it('joins shards by the index file', () => {
    const files = serializeCheckpoint(checkpoint);
    const names = Object.keys(checkpoint.tensors);
    const part = (keep: string[]): Uint8Array =>
      writeSafetensors(Object.fromEntries(keep.map((name) => [name, checkpoint.tensors[name]])));
    const index = {
      weight_map: Object.fromEntries(
        names.map((name, i) => [name, i < 5 ? 'a.safetensors' : 'b.safetensors']),
      ),
    };
    const rest = { ...files };
    delete rest['model.safetensors'];
    const sharded = {
      ...rest,
      'model.safetensors.index.json': new TextEncoder().encode(JSON.stringify(index)),
      'a.safetensors': part(names.slice(0, 5)),
      'b.safetensors': part(names.slice(5)),
    };
    expect(parseCheckpoint(sharded)).toEqual(checkpoint);
    expect(() => parseCheckpoint(rest)).toThrow(/model.safetensors is missing/);
  });

  it('keeps a chat template that came in a file of its own', async () => {
    const files = serializeCheckpoint(checkpoint);
    const template = "{{ messages[0]['content'] }}\n";
    const parsed = parseCheckpoint({ ...files, 'chat_template.jinja': new TextEncoder().encode(template) });
    const again = parseCheckpoint(serializeCheckpoint(parsed));
    expect(Tokenizer.fromFiles(again.tokenizer)).toMatchObject({ chatTemplate: template, eosTokenId: 1 });
    const directory = await mkdtemp(join(tmpdir(), 'checkpoint-'));
    try {
      await writeCheckpointDir(directory, checkpoint);
      await writeFile(join(directory, 'chat_template.jinja'), template);
      expect(await readCheckpointDir(directory)).toEqual(parsed);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('refuses tensors that do not fit the configuration', () => {
    const { 'model.norm.weight': norm, ...rest } = checkpoint.tensors;
    const withTensors = (tensors: typeof checkpoint.tensors) => () =>
      parseCheckpoint({ ...serializeCheckpoint(checkpoint), 'model.safetensors': writeSafetensors(tensors) });
    expect(withTensors(rest)).toThrow(CheckpointError);
    expect(withTensors(rest)).toThrow(/"model.norm.weight" is missing/);
    expect(withTensors({ ...rest, 'model.norm.weight': { ...norm, shape: [2, 8] } })).toThrow(
      /has shape \[2, 8\]/,
    );
    expect(withTensors({ ...checkpoint.tensors, 'model.layers.0.self_attn.q_norm.weight': norm })).toThrow(
      /no place/,
    );
  });

  it('round-trips a PEFT adapter', () => {
    const lora = { rank: 2, alpha: 4, targetModules: allLinear };
    const adapter = { lora, factors: initLora(tinyConfig, lora, 1) };
    const files = serializeAdapter(adapter, 'starter');
    expect(parseAdapter(files)).toEqual(adapter);
    expect(json(files['adapter_config.json'])).toMatchObject({
      peft_type: 'LORA',
      r: 2,
      lora_alpha: 4,
      base_model_name_or_path: 'starter',
    });
    expect(Object.keys(adapter.factors)).toContain(
      'base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight',
    );
  });
});
