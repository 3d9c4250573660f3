import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CheckpointError } from '../checkpoint.js';
import { ConfigError } from '../../model/config.js';
import { shortest } from './architecture.js';
import { GgufError } from './gguf-error.js';
import { ggufFile, type FixtureTensor } from './gguf.fixture.js';
import { parseGgufHeader } from './header.js';
import { readCheckpointFile, readGgufModel } from './read-gguf.js';
import { readSafetensorsFile } from '../../testing.fixture.js';

const golden = (name: string): string => join('test/golden/gguf', name);

describe('GGUF models', () => {
  it.each(['llama', 'qwen2', 'qwen3', 'gpt2'])('reads %s as transformers holds it', async (family) => {
    const { config, tensors } = await readGgufModel(golden(`${family}.gguf`));
    const wanted = await readSafetensorsFile(golden(`${family}.safetensors`));
    const { rope_parameters: rope, ...peer } = JSON.parse(await readFile(golden(`${family}.json`), 'utf8')) as Record<string, unknown>;
    const fields = ['model_type', 'vocab_size', 'hidden_size', 'intermediate_size', 'num_hidden_layers', 'num_attention_heads',
      'num_key_value_heads', 'head_dim', 'hidden_act', 'rms_norm_eps', 'max_position_embeddings', 'tie_word_embeddings',
      'attention_bias', 'mlp_bias', 'bos_token_id', 'eos_token_id', 'n_embd', 'n_inner', 'n_layer', 'n_head', 'n_positions',
      'layer_norm_epsilon', 'activation_function'];
    const shared = (json: unknown): [string, unknown][] =>
      fields.filter((field) => Object.hasOwn(peer, field)).map((field) => [field, (json as Record<string, unknown>)[field]]);
    expect(shared(config)).toEqual(shared(peer));
    const { rope_theta: theta, ...scaling } = (rope ?? {}) as Record<string, unknown>;
    expect((config as { rope_theta?: number }).rope_theta).toEqual(theta);
    const expected = scaling.rope_type === 'llama3' ? scaling : undefined;
    expect((config as { rope_scaling?: object }).rope_scaling).toEqual(expected);
    const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);
    expect(Object.entries(tensors).sort(byName)).toEqual(Object.entries(wanted.tensors).sort(byName));
  });

  describe('a llama file', () => {
    const metadata = {
      'general.architecture': 'llama',
      'llama.block_count': 1,
      'llama.context_length': 64,
      'llama.embedding_length': 32,
      'llama.feed_forward_length': 32,
      'llama.attention.head_count': 2,
      'llama.attention.head_count_kv': 1,
      'llama.attention.layer_norm_rms_epsilon': 1e-5,
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.tokens': ['<s>', '</s>', 'a', 'b', 'ab'],
      'tokenizer.ggml.token_type': [3, 3, 1, 1, 1],
      'tokenizer.ggml.merges': ['a b'],
      'tokenizer.ggml.bos_token_id': 0,
      'tokenizer.ggml.eos_token_id': 1,
      'tokenizer.ggml.eot_token_id': 0,
    };
    const zeros = (name: string, dims: number[]): FixtureTensor => {
      const count = dims.reduce((a, b) => a * b, 1);
      return { name, dims, type: 8, data: new Uint8Array((count / 32) * 34) };
    };
    const tensors = [
      zeros('token_embd.weight', [32, 5]),
      zeros('blk.0.attn_norm.weight', [32]),
      zeros('blk.0.attn_q.weight', [32, 32]),
      zeros('blk.0.attn_k.weight', [32, 16]),
      zeros('blk.0.attn_v.weight', [32, 16]),
      zeros('blk.0.attn_output.weight', [32, 32]),
      zeros('blk.0.ffn_norm.weight', [32]),
      zeros('blk.0.ffn_gate.weight', [32, 32]),
      zeros('blk.0.ffn_up.weight', [32, 32]),
      zeros('blk.0.ffn_down.weight', [32, 32]),
      zeros('output_norm.weight', [32]),
    ];
    let folder: string;
    const path = (): string => join(folder, 'x.gguf');
    beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'gguf-'))));
    afterAll(() => rm(folder, { recursive: true }));
    const read = async (change: object = {}, extra: FixtureTensor[] = []) => {
      await writeFile(path(), ggufFile({ ...metadata, ...change }, [...tensors, ...extra]));
      return readCheckpointFile(path());
    };

    it('becomes a checkpoint with tied embeddings and every end of sequence', async () => {
      const checkpoint = await read();
      expect(checkpoint.config).toMatchObject({ tieWordEmbeddings: true, headDim: 16, vocabSize: 5, rmsNormEps: 1e-5, bosTokenId: 0, eosTokenIds: [1, 0] });
      expect(checkpoint.tensors['model.layers.0.self_attn.k_proj.weight'].shape).toEqual([16, 32]);
      await expect(readCheckpointFile(path(), { maxBytes: 100 })).rejects.toThrow(/more than the limit of 100/);
    });

    it.each([
      ['another architecture', { 'general.architecture': 'mamba' }, [], /general.architecture "mamba" is not one of llama, qwen2, qwen3, gpt2/],
      ['a part', { 'split.count': 3 }, [], /one of 3 parts/],
      ['experts', { 'llama.expert_count': 8 }, [], /mixtures of experts/],
      ['partial rotary', { 'llama.rope.dimension_count': 8 }, [], /over 8 of 16 dimensions/],
      ['heads by layer', { 'llama.attention.head_count_kv': [1, 2] }, [], /differs from layer to layer/],
      ['another rope', { 'llama.rope.scaling.type': 'longrope' }, [], /"longrope" is not supported/],
      ['a stranger', {}, [zeros('blk.0.ssm_in.weight', [32])], /"blk.0.ssm_in.weight" has no place/],
      ['inherited name', {}, [zeros('blk.0.constructor.weight', [32])], /has no place/],
      ['unknown factors', {}, [{ ...zeros('rope_freqs.weight', [8]), type: 0, data: new Uint8Array(Float32Array.of(1, 1, 9, 1, 3, 1, 1, 2).buffer) }], /not the scaling of a known Llama 3/],
    ] as [string, object, FixtureTensor[], RegExp][])('refuses: %s', async (_, change, extra, message) => {
      await expect(read(change, extra)).rejects.toThrow(message);
      await expect(read(change, extra)).rejects.toThrow(GgufError);
    });

    it('takes the scaling of linear ropes over', async () => {
      await writeFile(path(), ggufFile({ ...metadata, 'llama.rope.scaling.type': 'linear', 'llama.rope.scaling.factor': 2 }, tensors));
      expect((await readGgufModel(path())).config).toMatchObject({ rope_scaling: { rope_type: 'linear', factor: 2 } });
    });

    it('fails with an error of its own however the file is changed', async () => {
      const valid = ggufFile(metadata, tensors);
      const headerBytes = parseGgufHeader(valid, valid.length).tensors[0].begin;
      const edit = fc.record({ at: fc.nat(headerBytes - 1), value: fc.integer({ min: 0, max: 255 }) });
      await fc.assert(
        fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
          const bytes = valid.slice();
          for (const { at, value } of edits) bytes[at] = value;
          await writeFile(path(), bytes);
          try {
            await readCheckpointFile(path());
          } catch (error) {
            expect([GgufError, CheckpointError, ConfigError].some((kind) => error instanceof kind), String((error as Error).stack)).toBe(true);
          }
        }),
        { numRuns: 400 },
      );
    });
  });

  it('writes the float32 of a metadata value as the shortest decimal', () => {
    expect([1e-5, 1e-6, 10_000, 500_000, 0.1].map(Math.fround).map(shortest)).toEqual([1e-5, 1e-6, 10_000, 500_000, 0.1]);
  });
});
