/** The fields of a GPT-2 `config.json`, which has names of its own for most sizes. */
import { type ModelConfig } from './model-config.js';
import { count, layerCount, positive, refuse, type Json } from './config-fields.js';

export type Sizes = Omit<
  ModelConfig,
  'vocabSize' | 'tieWordEmbeddings' | 'bosTokenId' | 'eosTokenIds' | 'padTokenId' | 'head'
>;

/** The tanh approximation of GELU under its two names. */
const activations: unknown[] = ['gelu_new', 'gelu_pytorch_tanh'];

export function readGpt2(json: Json): Sizes {
  const activation = json.activation_function ?? 'gelu_new';
  refuse([
    [`activation_function ${JSON.stringify(activation)}`, !activations.includes(activation)],
    ['scale_attn_weights false', json.scale_attn_weights === false],
    ['scale_attn_by_inverse_layer_idx', json.scale_attn_by_inverse_layer_idx === true],
    ['add_cross_attention', json.add_cross_attention === true],
  ]);
  const hiddenSize = count(json, 'n_embd');
  const numHeads = count(json, 'n_head');
  return {
    family: 'gpt2',
    hiddenSize,
    intermediateSize: count(json, 'n_inner', 4 * hiddenSize),
    numLayers: layerCount(json, 'n_layer'),
    numHeads,
    numKeyValueHeads: numHeads,
    headDim: count({ 'n_embd / n_head': hiddenSize / numHeads }, 'n_embd / n_head'),
    rmsNormEps: positive(json, 'layer_norm_epsilon', 1e-5),
    ropeTheta: 10_000,
    maxPositionEmbeddings: count(json, 'n_positions', 1024),
  };
}

export function writeGpt2(config: ModelConfig): Json {
  return {
    activation_function: 'gelu_new',
    n_embd: config.hiddenSize,
    n_inner: config.intermediateSize,
    n_layer: config.numLayers,
    n_head: config.numHeads,
    n_positions: config.maxPositionEmbeddings,
    layer_norm_epsilon: config.rmsNormEps,
    vocab_size: config.vocabSize,
    tie_word_embeddings: config.tieWordEmbeddings,
    // Training here has no dropout, and other tools should not add any.
    attn_pdrop: 0,
    embd_pdrop: 0,
    resid_pdrop: 0,
  };
}
