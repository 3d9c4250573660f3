/** The fields of a Llama, Mistral, Qwen2 or Qwen3 `config.json`. */
import { ConfigError, count, layerCount, positive, refuse, type Json } from './config-fields.js';
import { type Sizes } from './config-gpt2.js';
import { ropeFields as knownRopeFields, unknownField } from './known-fields.js';
import { type FamilyName, type ModelConfig, type RopeScaling } from './model-config.js';

export function readRotary(json: Json, family: FamilyName): Sizes {
  const rope = ropeFields(json);
  refuseParts(json, rope);
  const hiddenSize = count(json, 'hidden_size');
  const numHeads = count(json, 'num_attention_heads');
  const scaling = ropeScaling(rope, json);
  const sizes: Sizes = {
    // A configuration without a family is Llama's.
    ...(family === 'llama' ? {} : { family }),
    hiddenSize,
    intermediateSize: count(json, 'intermediate_size'),
    numLayers: layerCount(json, 'num_hidden_layers'),
    numHeads,
    numKeyValueHeads: count(json, 'num_key_value_heads', numHeads),
    // Qwen3's default does not depend on the other sizes.
    headDim: count(json, 'head_dim', family === 'qwen3' ? 128 : hiddenSize / numHeads),
    rmsNormEps: positive(json, 'rms_norm_eps', 1e-6),
    ropeTheta: positive(rope, 'rope_theta', positive(json, 'rope_theta', 10_000)),
    maxPositionEmbeddings: count(json, 'max_position_embeddings', family === 'llama' ? 2048 : 32_768),
    ...(scaling ? { ropeScaling: scaling } : {}),
  };
  if (sizes.numHeads % sizes.numKeyValueHeads !== 0) {
    throw new ConfigError('num_attention_heads must be a multiple of num_key_value_heads');
  }
  if (sizes.headDim % 2 !== 0) throw new ConfigError('head_dim must be even for rotary embeddings');
  refuse([slidingWindow(json, sizes.maxPositionEmbeddings)]);
  return sizes;
}

export function writeRotary(config: ModelConfig): Json {
  return {
    hidden_act: 'silu',
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.numLayers,
    num_attention_heads: config.numHeads,
    num_key_value_heads: config.numKeyValueHeads,
    head_dim: config.headDim,
    rms_norm_eps: config.rmsNormEps,
    rope_theta: config.ropeTheta,
    ...(config.ropeScaling ? { rope_scaling: writeScaling(config.ropeScaling) } : {}),
    vocab_size: config.vocabSize,
    max_position_embeddings: config.maxPositionEmbeddings,
    tie_word_embeddings: config.tieWordEmbeddings,
    // Qwen2 always has q/k/v biases and has no such field.
    ...(config.family === 'qwen2' ? {} : { attention_bias: false }),
    ...(config.family === undefined || config.family === 'llama' ? { mlp_bias: false } : {}),
  };
}

/** `rope_scaling` of older files, `rope_parameters` (which holds theta as well) of newer ones. */
const ropeFields = (json: Json): Json => (json.rope_parameters ?? json.rope_scaling ?? {}) as Json;

function refuseParts(json: Json, rope: Json): void {
  const type = rope.rope_type ?? rope.type ?? 'default';
  const share = json.partial_rotary_factor ?? rope.partial_rotary_factor ?? 1;
  const layers = Array.isArray(json.layer_types) ? (json.layer_types as unknown[]) : [];
  const other = layers.find((kind) => kind !== 'full_attention');
  const unknown = unknownField(rope, knownRopeFields);
  refuse([
    [`hidden_act ${JSON.stringify(json.hidden_act)}`, (json.hidden_act ?? 'silu') !== 'silu'],
    // Qwen2's biases are part of the family and not switched by this.
    ['attention_bias', json.attention_bias === true && json.model_type !== 'qwen2'],
    ['mlp_bias', json.mlp_bias === true],
    [`rope_type ${JSON.stringify(type)}`, !['default', 'linear', 'llama3'].includes(type as string)],
    [`rope_scaling with ${unknown}`, unknown !== undefined],
    ['rope_interleaved', json.rope_interleaved === true],
    [`partial_rotary_factor ${JSON.stringify(share)}`, share !== 1],
    [`layer type ${JSON.stringify(other)}`, other !== undefined],
  ]);
}

/** A window that no sequence can outgrow changes nothing. Qwen has one only where it is switched on. */
function slidingWindow(json: Json, positions: number): readonly [string, boolean] {
  const isQwen = String(json.model_type).startsWith('qwen');
  const used = isQwen ? json.use_sliding_window === true : json.use_sliding_window !== false;
  const window = json.sliding_window === undefined && json.model_type === 'mistral' ? 4096 : json.sliding_window;
  const matters = used && typeof window === 'number' && window < positions;
  return [`sliding_window ${String(window)} (below max_position_embeddings ${positions})`, matters];
}

function ropeScaling(rope: Json, json: Json): RopeScaling | undefined {
  const type = rope.rope_type ?? rope.type;
  if (type !== 'linear' && type !== 'llama3') return undefined;
  const factor = positive(rope, 'factor');
  if (type === 'linear') return { type, factor };
  const scaling: RopeScaling = {
    type,
    factor,
    lowFreqFactor: positive(rope, 'low_freq_factor'),
    highFreqFactor: positive(rope, 'high_freq_factor'),
    originalMaxPositions: count(
      { original_max_position_embeddings: json.original_max_position_embeddings, ...rope },
      'original_max_position_embeddings',
    ),
  };
  if (scaling.highFreqFactor <= scaling.lowFreqFactor) {
    throw new ConfigError(`high_freq_factor must be above low_freq_factor ${scaling.lowFreqFactor}`);
  }
  return scaling;
}

function writeScaling(scaling: RopeScaling): Json {
  if (scaling.type === 'linear') return { rope_type: 'linear', factor: scaling.factor };
  return {
    rope_type: 'llama3',
    factor: scaling.factor,
    low_freq_factor: scaling.lowFreqFactor,
    high_freq_factor: scaling.highFreqFactor,
    original_max_position_embeddings: scaling.originalMaxPositions,
  };
}
