import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig, toHfConfig } from './config.js';
import { parameterShapes } from './parameter-shapes.js';

const smolLm = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_act: 'silu',
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  rms_norm_eps: 1e-5,
  rope_theta: 100000,
  rope_scaling: null,
  tie_word_embeddings: true,
  vocab_size: 49152,
  max_position_embeddings: 8192,
  bos_token_id: 0,
  eos_token_id: [0, 2],
};

describe('config.json', () => {
  it('reads a SmolLM2 config and knows its parameters', () => {
    const config = parseConfig(smolLm);
    expect(config).toMatchObject({ headDim: 64, eosTokenIds: [0, 2], padTokenId: null, head: 'lm' });
    const shapes = parameterShapes(config);
    expect(shapes['model.layers.29.self_attn.k_proj.weight']).toEqual([192, 576]);
    expect(shapes['model.layers.0.mlp.down_proj.weight']).toEqual([576, 1536]);
    expect(Object.keys(shapes)).toHaveLength(1 + 30 * 9 + 1);
    const size = Object.values(shapes).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(size).toBe(134_515_008);
  });

  it('round-trips, reward models too', () => {
    const config = parseConfig(smolLm);
    expect(parseConfig(toHfConfig(config))).toEqual(config);
    const reward = { ...config, head: 'reward' as const };
    expect(parseConfig(toHfConfig(reward))).toEqual(reward);
    expect(parameterShapes(reward)['score.weight']).toEqual([1, 576]);
  });

  it.each([
    [{ hidden_size: 0 }, /hidden_size/],
    [{ hidden_size: '576' }, /hidden_size/],
    [{ num_key_value_heads: 4 }, /multiple/],
    [{ hidden_act: 'gelu' }, /hidden_act "gelu"/],
    [{ rope_scaling: { rope_type: 'yarn' } }, /rope_type "yarn"/],
    [{ rope_scaling: { rope_type: 'llama3', factor: 8 } }, /low_freq_factor/],
    [{ model_type: 'bert' }, /model_type "bert"/],
    [{ eos_token_id: -1 }, /eos_token_id/],
    [{ rope_theta: Infinity }, /rope_theta/],
    [{ head_dim: 63 }, /even/],
    [{ architectures: ['LlamaForSequenceClassification'] }, /num_labels/],
  ])('refuses %j', (change, message) => {
    expect(() => parseConfig({ ...smolLm, ...change })).toThrow(ConfigError);
    expect(() => parseConfig({ ...smolLm, ...change })).toThrow(message);
  });
});
