/**
 * Metadata of a GGUF file -> the `config.json` Hugging Face would have for the same model. Metadata keys
 * carry the architecture in front (`llama.block_count`); what the metadata leaves out follows from which
 * tensors there are (tied embeddings, biases).
 */
import { fields, isUnset } from '../../model/known-fields.js';
import { GgufError } from './gguf-error.js';
import { type GgufHeader } from './header.js';
import { type Metadata } from './metadata.js';

const architectures = ['llama', 'qwen2', 'qwen3', 'gpt2'] as const;
export type Architecture = (typeof architectures)[number];

type Json = Record<string, unknown>;

export function architectureOf(metadata: Metadata): Architecture {
  const name = metadata.text('general.architecture');
  const found = architectures.find((known) => known === name);
  if (!found) throw new GgufError(`general.architecture ${JSON.stringify(name)} is not one of ${architectures.join(', ')}`);
  return found;
}

/** @param ropeFactors values of `rope_freqs.weight` when the file has it */
export function toHuggingFaceConfig(header: GgufHeader, ropeFactors?: Float32Array): Json {
  const architecture = architectureOf(header.metadata);
  checkKeys(header.metadata, architecture);
  const parts = header.metadata.optionalCount('split.count') ?? 1;
  if (parts > 1) throw new GgufError(`the file is one of ${parts} parts of a model; join them first (llama-gguf-split --merge)`);
  const config = architecture === 'gpt2' ? gpt2Config(header) : llamaLikeConfig(header, architecture, ropeFactors);
  const { metadata } = header;
  const ends = [metadata.optionalCount('tokenizer.ggml.eos_token_id'), metadata.optionalCount('tokenizer.ggml.eot_token_id'), metadata.optionalCount('tokenizer.ggml.eom_token_id')];
  const eos = [...new Set(ends.filter((id) => id !== undefined))];
  return {
    ...config,
    vocab_size: tensorShape(header, 'token_embd.weight')[0],
    torch_dtype: 'float32',
    bos_token_id: metadata.optionalCount('tokenizer.ggml.bos_token_id') ?? null,
    eos_token_id: eos.length > 1 ? eos : (eos[0] ?? null),
    pad_token_id: metadata.optionalCount('tokenizer.ggml.padding_token_id') ?? null,
  };
}

const tokenizerKeys = fields(`
  model pre tokens token_type scores merges added_tokens token_type_count add_bos_token add_eos_token add_sep_token add_space_prefix
  bos_token_id eos_token_id eot_token_id eom_token_id unknown_token_id padding_token_id seperator_token_id separator_token_id
  cls_token_id mask_token_id prefix_token_id suffix_token_id middle_token_id fim_pre_token_id fim_suf_token_id fim_mid_token_id
  fim_pad_token_id fim_rep_token_id fim_sep_token_id`);

const architectureKeys = fields(`
  vocab_size context_length embedding_length block_count feed_forward_length expert_count tensor_data_layout attention.head_count attention.head_count_kv
  attention.layer_norm_epsilon attention.layer_norm_rms_epsilon attention.key_length attention.value_length attention.sliding_window
  rope.dimension_count rope.freq_base rope.scaling.type rope.scaling.factor rope.scaling.original_context_length rope.scaling.finetuned
  rope.scaling.attn_factor`);

/**
 * Throws GgufError naming a key that is set and not known to change nothing (docs/adr/0115): `rope.scale_linear`,
 * `attention.scale` and `logit_scale` are such. What is said about the file and its making is not looked at.
 */
function checkKeys(metadata: Metadata, architecture: Architecture): void {
  const isKnown = (key: string): boolean => {
    const [space] = key.split('.', 1);
    if (['general', 'quantize', 'split'].includes(space) || /^tokenizer\.(chat_templates?(\.|$)|huggingface\.json$)/.test(key)) return true;
    if (key.startsWith('tokenizer.ggml.')) return tokenizerKeys.has(key.slice('tokenizer.ggml.'.length));
    return space === architecture && architectureKeys.has(key.slice(architecture.length + 1));
  };
  const isNothing = (key: string): boolean => isUnset(metadata.get(key)) || Number(metadata.get(key)) === 0;
  const unknown = metadata.keys().find((key) => !isKnown(key) && !isNothing(key));
  if (unknown !== undefined) throw new GgufError(`metadata "${unknown}" is not supported: the key is unknown and may change what the model computes`);
}

function tensorShape({ tensors }: GgufHeader, name: string): number[] {
  const found = tensors.find((tensor) => tensor.name === name);
  if (!found) throw new GgufError(`tensor "${name}" is missing`);
  return found.shape;
}

const hasTensor = ({ tensors }: GgufHeader, name: string): boolean => tensors.some((tensor) => tensor.name === name);

function llamaLikeConfig(header: GgufHeader, family: Exclude<Architecture, 'gpt2'>, ropeFactors?: Float32Array): Json {
  const { metadata } = header;
  const key = (name: string): string => `${family}.${name}`;
  if ((metadata.optionalCount(key('expert_count')) ?? 0) > 0) throw new GgufError('mixtures of experts are not supported');
  const hidden = metadata.count(key('embedding_length'));
  const heads = perLayer(metadata, key('attention.head_count'));
  const headDim = metadata.count(key('attention.key_length'), hidden / heads);
  const valueDim = metadata.count(key('attention.value_length'), headDim);
  const rotary = metadata.count(key('rope.dimension_count'), headDim);
  if (valueDim !== headDim) throw new GgufError(`keys of ${headDim} and values of ${valueDim} differ in length`);
  if (rotary !== headDim) throw new GgufError(`rotary embeddings over ${rotary} of ${headDim} dimensions are not supported`);
  const theta = metadata.number(key('rope.freq_base'), 10_000);
  const scaling = ropeScaling(metadata, key('rope.scaling.'), ropeFactors);
  const window = metadata.optionalCount(key('attention.sliding_window')) ?? 0;
  const names = { llama: 'LlamaForCausalLM', qwen2: 'Qwen2ForCausalLM', qwen3: 'Qwen3ForCausalLM' };
  return {
    architectures: [names[family]],
    model_type: family,
    hidden_act: 'silu',
    hidden_size: hidden,
    intermediate_size: perLayer(metadata, key('feed_forward_length')),
    num_hidden_layers: metadata.count(key('block_count')),
    num_attention_heads: heads,
    num_key_value_heads: perLayer(metadata, key('attention.head_count_kv'), heads),
    head_dim: headDim,
    rms_norm_eps: shortest(metadata.number(key('attention.layer_norm_rms_epsilon'))),
    rope_theta: shortest(theta),
    ...(scaling ? { rope_scaling: scaling } : {}),
    max_position_embeddings: metadata.count(key('context_length')),
    tie_word_embeddings: !hasTensor(header, 'output.weight'),
    ...(family === 'qwen2'
      ? { use_sliding_window: false }
      : { attention_bias: hasTensor(header, 'blk.0.attn_q.bias') }),
    ...(family === 'llama' ? { mlp_bias: hasTensor(header, 'blk.0.ffn_gate.bias') } : {}),
    ...(window > 0 ? { sliding_window: window, use_sliding_window: true } : {}),
  };
}

function gpt2Config({ metadata }: GgufHeader): Json {
  const hidden = metadata.count('gpt2.embedding_length');
  return {
    architectures: ['GPT2LMHeadModel'],
    model_type: 'gpt2',
    activation_function: 'gelu_new',
    n_embd: hidden,
    n_inner: perLayer(metadata, 'gpt2.feed_forward_length', 4 * hidden),
    n_layer: metadata.count('gpt2.block_count'),
    n_head: perLayer(metadata, 'gpt2.attention.head_count'),
    n_positions: metadata.count('gpt2.context_length'),
    layer_norm_epsilon: shortest(metadata.number('gpt2.attention.layer_norm_epsilon')),
    tie_word_embeddings: true,
  };
}

/** A count that may be listed for each layer, if it is the same for all of them. */
function perLayer(metadata: Metadata, key: string, fallback?: number): number {
  if (typeof metadata.get(key) !== 'object') return metadata.count(key, fallback);
  const values = [...new Set(Array.from(metadata.numbers(key)!))];
  if (values.length !== 1) throw new GgufError(`metadata "${key}" differs from layer to layer: ${values.join(', ')}`);
  return values[0];
}

function ropeScaling(metadata: Metadata, prefix: string, factors?: Float32Array): Json | undefined {
  if (factors && factors.some((factor) => factor !== 1)) return llama3Scaling(factors, metadata);
  const kind = metadata.text(`${prefix}type`) ?? 'none';
  if (kind === 'none') return undefined;
  if (kind !== 'linear' && kind !== 'yarn') throw new GgufError(`metadata "${prefix}type" ${JSON.stringify(kind)} is not supported`);
  const factor = metadata.number(`${prefix}factor`);
  const original = metadata.optionalCount(`${prefix}original_context_length`);
  const attention = metadata.has(`${prefix}attn_factor`) ? metadata.number(`${prefix}attn_factor`) : undefined;
  return {
    rope_type: kind,
    factor,
    ...(original === undefined ? {} : { original_max_position_embeddings: original }),
    ...(kind === 'yarn' && attention !== undefined ? { attention_factor: attention } : {}),
  };
}

/**
 * `rope_freqs.weight` holds, for each rotary frequency, the divisor that Llama 3's scaling gives it; the
 * file does not say from which four numbers. Those of the published models are tried, and must give the
 * tensor back (https://arxiv.org/abs/2407.21783; wavelengths between original / high and original / low
 * are interpolated).
 */
function llama3Scaling(factors: Float32Array, metadata: Metadata): Json {
  const theta = metadata.number('llama.rope.freq_base', 10_000);
  const factor = shortest(factors.reduce((a, b) => Math.max(a, b)));
  const [low, high] = [1, 4];
  for (let original = 1024; original <= 1 << 20; original *= 2) {
    const agrees = factors.every((given, i) => {
      const wavelength = 2 * Math.PI * theta ** (i / factors.length);
      const smooth = (original / wavelength - low) / (high - low);
      const between = 1 / ((1 - smooth) / factor + smooth);
      const wanted = wavelength < original / high ? 1 : wavelength > original / low ? factor : between;
      return Math.abs(given - wanted) <= 1e-4 * wanted;
    });
    if (agrees) {
      return {
        rope_type: 'llama3',
        factor,
        low_freq_factor: low,
        high_freq_factor: high,
        original_max_position_embeddings: original,
      };
    }
  }
  throw new GgufError('tensor "rope_freqs.weight" is not the scaling of a known Llama 3 model');
}

/** The shortest decimal that is the same float32: metadata stores 1e-5 as 0.00000999999974... */
export function shortest(value: number): number {
  for (let digits = 1; digits <= 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === Math.fround(value)) return rounded;
  }
  return value;
}
