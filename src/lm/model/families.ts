/**
 * The families of decoder-only transformers, one description each: which parts their layers are made of and
 * what Hugging Face calls the parameters. Everything else (graphs, shapes, LoRA, files) reads these tables.
 *
 * | family | norm    | positions | attention                       | feed-forward | stored |
 * | llama  | RMS     | rotary    | grouped queries                 | SwiGLU       | [out, in] |
 * | qwen2  | RMS     | rotary    | grouped, q/k/v biases           | SwiGLU       | [out, in] |
 * | qwen3  | RMS     | rotary    | grouped, RMSNorm of q/k by head | SwiGLU       | [out, in] |
 * | gpt2   | layer   | learned   | one fused q/k/v map, biases     | GELU (tanh)  | [in, out] |
 */
import { type FamilyName, type Head, type ModelConfig } from './model-config.js';

export { type FamilyName } from './model-config.js';

/** Role of a linear map in a layer. */
export type LinearRole = 'query' | 'key' | 'value' | 'queryKeyValue' | 'output' | 'gate' | 'up' | 'down';

export interface LinearMap {
  role: LinearRole;
  /** Place within its layer; the last part is the module's name for LoRA. */
  path: string;
  bias: boolean;
}

export interface Family {
  /** `model_type` that is written, and those that are read as this family. */
  modelType: string;
  readAs: readonly string[];
  architectures: Readonly<Record<Head, string>>;
  norm: 'rms' | 'layer';
  positions: 'rotary' | 'learned';
  feedForward: 'swiglu' | 'gelu';
  /** Queries and keys are normed head by head before they are rotated. */
  headNorm: boolean;
  /** Linear weights are stored [in, out], as GPT-2's Conv1D does. */
  transposed: boolean;
  /** Default of `tie_word_embeddings`. */
  tiedByDefault: boolean;
  linears: readonly LinearMap[];
  /** Names without `.weight`; all but the layers' parts begin with the trunk's prefix. */
  names: {
    trunk: string;
    embedding: string;
    positions: string;
    layers: string;
    inputNorm: string;
    feedForwardNorm: string;
    queryNorm: string;
    keyNorm: string;
    finalNorm: string;
  };
  /** Tensors of some files that follow from the configuration. */
  derived: RegExp;
}

const llama: Family = {
  modelType: 'llama',
  // Without a sliding window Mistral computes exactly what Llama does.
  readAs: ['llama', 'mistral'],
  architectures: { lm: 'LlamaForCausalLM', reward: 'LlamaForSequenceClassification' },
  norm: 'rms',
  positions: 'rotary',
  feedForward: 'swiglu',
  headNorm: false,
  transposed: false,
  tiedByDefault: false,
  linears: rotaryLinears({ biases: false }),
  names: {
    trunk: 'model.',
    embedding: 'model.embed_tokens',
    positions: '',
    layers: 'model.layers.',
    inputNorm: 'input_layernorm',
    feedForwardNorm: 'post_attention_layernorm',
    queryNorm: 'self_attn.q_norm',
    keyNorm: 'self_attn.k_norm',
    finalNorm: 'model.norm',
  },
  derived: /rotary_emb\.inv_freq$/,
};

const qwen2: Family = {
  ...llama,
  modelType: 'qwen2',
  readAs: ['qwen2'],
  architectures: { lm: 'Qwen2ForCausalLM', reward: 'Qwen2ForSequenceClassification' },
  linears: rotaryLinears({ biases: true }),
};

const qwen3: Family = {
  ...llama,
  modelType: 'qwen3',
  readAs: ['qwen3'],
  architectures: { lm: 'Qwen3ForCausalLM', reward: 'Qwen3ForSequenceClassification' },
  headNorm: true,
};

const gpt2: Family = {
  modelType: 'gpt2',
  readAs: ['gpt2'],
  architectures: { lm: 'GPT2LMHeadModel', reward: 'GPT2ForSequenceClassification' },
  norm: 'layer',
  positions: 'learned',
  feedForward: 'gelu',
  headNorm: false,
  transposed: true,
  tiedByDefault: true,
  linears: [
    { role: 'queryKeyValue', path: 'attn.c_attn', bias: true },
    { role: 'output', path: 'attn.c_proj', bias: true },
    { role: 'up', path: 'mlp.c_fc', bias: true },
    { role: 'down', path: 'mlp.c_proj', bias: true },
  ],
  names: {
    trunk: 'transformer.',
    embedding: 'transformer.wte',
    positions: 'transformer.wpe',
    layers: 'transformer.h.',
    inputNorm: 'ln_1',
    feedForwardNorm: 'ln_2',
    queryNorm: '',
    keyNorm: '',
    finalNorm: 'transformer.ln_f',
  },
  // The causal mask, which early files carry as a buffer of every layer.
  derived: /\.attn\.(masked_)?bias$/,
};

export const families: Readonly<Record<FamilyName, Family>> = { llama, qwen2, qwen3, gpt2 };

export const familyOf = ({ family = 'llama' }: Pick<ModelConfig, 'family'>): Family => families[family];

function rotaryLinears({ biases }: { biases: boolean }): LinearMap[] {
  return [
    { role: 'query', path: 'self_attn.q_proj', bias: biases },
    { role: 'key', path: 'self_attn.k_proj', bias: biases },
    { role: 'value', path: 'self_attn.v_proj', bias: biases },
    { role: 'output', path: 'self_attn.o_proj', bias: false },
    { role: 'gate', path: 'mlp.gate_proj', bias: false },
    { role: 'up', path: 'mlp.up_proj', bias: false },
    { role: 'down', path: 'mlp.down_proj', bias: false },
  ];
}
