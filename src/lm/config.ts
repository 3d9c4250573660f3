/**
 * Hugging Face `config.json` of the Llama family <-> a typed, validated ModelConfig.
 * What this engine does not compute (biases, rope scaling, sliding windows) is refused
 * by name instead of being silently ignored.
 */

export type Head = 'lm' | 'reward';

export interface ModelConfig {
  hiddenSize: number;
  intermediateSize: number;
  numLayers: number;
  numHeads: number;
  numKeyValueHeads: number;
  headDim: number;
  rmsNormEps: number;
  ropeTheta: number;
  vocabSize: number;
  maxPositionEmbeddings: number;
  tieWordEmbeddings: boolean;
  bosTokenId: number | null;
  eosTokenIds: number[];
  padTokenId: number | null;
  /** 'reward' has `score.weight` [1, hidden] in the place of the LM head. */
  head: Head;
}

export class ConfigError extends Error {
  override name = 'ConfigError';
}

type Json = Record<string, unknown>;

/** Throws ConfigError naming the field for anything missing, malformed or not supported. */
export function parseConfig(value: unknown): ModelConfig {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigError('config.json is not an object');
  }
  const json = value as Json;
  refuseUnsupported(json);
  const rope = (json.rope_parameters ?? {}) as Json;
  const hiddenSize = count(json, 'hidden_size');
  const numHeads = count(json, 'num_attention_heads');
  const config: ModelConfig = {
    hiddenSize,
    intermediateSize: count(json, 'intermediate_size'),
    numLayers: count(json, 'num_hidden_layers'),
    numHeads,
    numKeyValueHeads: count(json, 'num_key_value_heads', numHeads),
    headDim: count(json, 'head_dim', hiddenSize / numHeads),
    rmsNormEps: positive(json, 'rms_norm_eps', 1e-6),
    ropeTheta: positive(rope, 'rope_theta', positive(json, 'rope_theta', 10_000)),
    vocabSize: count(json, 'vocab_size'),
    maxPositionEmbeddings: count(json, 'max_position_embeddings', 2048),
    tieWordEmbeddings: json.tie_word_embeddings === true,
    bosTokenId: tokenIds(json, 'bos_token_id')[0] ?? null,
    eosTokenIds: tokenIds(json, 'eos_token_id'),
    padTokenId: tokenIds(json, 'pad_token_id')[0] ?? null,
    head: isReward(json) ? 'reward' : 'lm',
  };
  if (config.numHeads % config.numKeyValueHeads !== 0) {
    throw new ConfigError('num_attention_heads must be a multiple of num_key_value_heads');
  }
  if (config.headDim % 2 !== 0) throw new ConfigError('head_dim must be even for rotary embeddings');
  return config;
}

/** The `config.json` that transformers, vLLM and this file's parser read back. */
export function toHfConfig(config: ModelConfig): Json {
  const eos = config.eosTokenIds;
  return {
    architectures: [config.head === 'reward' ? 'LlamaForSequenceClassification' : 'LlamaForCausalLM'],
    model_type: 'llama',
    hidden_act: 'silu',
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.numLayers,
    num_attention_heads: config.numHeads,
    num_key_value_heads: config.numKeyValueHeads,
    head_dim: config.headDim,
    rms_norm_eps: config.rmsNormEps,
    rope_theta: config.ropeTheta,
    vocab_size: config.vocabSize,
    max_position_embeddings: config.maxPositionEmbeddings,
    tie_word_embeddings: config.tieWordEmbeddings,
    attention_bias: false,
    mlp_bias: false,
    torch_dtype: 'float32',
    bos_token_id: config.bosTokenId,
    eos_token_id: eos.length > 1 ? eos : (eos[0] ?? null),
    pad_token_id: config.padTokenId,
    // transformers derives num_labels from id2label; one label makes the head a regression.
    ...(config.head === 'reward'
      ? { num_labels: 1, id2label: { 0: 'reward' }, label2id: { reward: 0 } }
      : {}),
  };
}

function refuseUnsupported(json: Json): void {
  const family = json.model_type ?? 'llama';
  if (family !== 'llama' && family !== 'mistral')
    throw new ConfigError(`model_type ${JSON.stringify(family)} is not supported`);
  const scaling = (json.rope_scaling ?? json.rope_parameters ?? {}) as Json;
  const ropeType = scaling.rope_type ?? scaling.type ?? 'default';
  const refused: [string, boolean][] = [
    [`hidden_act ${JSON.stringify(json.hidden_act)}`, (json.hidden_act ?? 'silu') !== 'silu'],
    ['attention_bias', json.attention_bias === true],
    ['mlp_bias', json.mlp_bias === true],
    [`rope_type ${JSON.stringify(ropeType)}`, ropeType !== 'default'],
    ['rope_interleaved', json.rope_interleaved === true],
    ['sliding_window', typeof json.sliding_window === 'number' && json.use_sliding_window !== false],
  ];
  const found = refused.find(([, present]) => present);
  if (found) throw new ConfigError(`${found[0]} is not supported`);
}

function isReward(json: Json): boolean {
  const architectures = Array.isArray(json.architectures) ? (json.architectures as unknown[]) : [];
  if (!architectures.some((name) => String(name).endsWith('ForSequenceClassification'))) return false;
  const labels = typeof json.id2label === 'object' && json.id2label ? Object.keys(json.id2label).length : 2;
  if ((json.num_labels ?? labels) !== 1) throw new ConfigError('a reward model must have num_labels 1');
  return true;
}

function count(json: Json, field: string, fallback?: number): number {
  const value = json[field] ?? fallback;
  if (!Number.isSafeInteger(value) || (value as number) < 1) {
    throw new ConfigError(`${field} must be a positive integer, got ${JSON.stringify(value)}`);
  }
  return value as number;
}

function positive(json: Json, field: string, fallback: number): number {
  const value = json[field] ?? fallback;
  if (typeof value !== 'number' || !(value > 0) || !Number.isFinite(value)) {
    throw new ConfigError(`${field} must be a positive number, got ${JSON.stringify(value)}`);
  }
  return value;
}

function tokenIds(json: Json, field: string): number[] {
  const value = json[field] ?? [];
  const ids = Array.isArray(value) ? value : [value];
  if (!ids.every((id) => Number.isSafeInteger(id) && (id as number) >= 0)) {
    throw new ConfigError(`${field} must be a token id or a list of them, got ${JSON.stringify(value)}`);
  }
  return ids as number[];
}
