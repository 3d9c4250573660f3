/**
 * The decoder-only transformer of the Llama family as a graph: embedding, layers of RMSNorm,
 * rotary grouped-query attention and SwiGLU, final norm. One function for training and inference.
 * Rows are padded on the right, so the causal mask alone keeps padding out of every real position.
 * Hidden states are kept as [batch * time, hidden]: each linear map is then one Gemm.
 */
import { constant, type Node } from '#src/nn/graph.js';
import {
  add,
  exp,
  gather,
  gatherElements,
  logSoftmax,
  matmul,
  mul,
  neg,
  reshape,
  rmsNorm,
  rotary,
  silu,
  softmax,
  sum,
  transpose,
} from '#src/nn/ops.js';
import { f32 } from '#src/nn/tensor.js';
import { type ModelConfig } from './config.js';
import { loraDelta, type LoraConfig } from './lora.js';
import {
  embeddingName,
  finalNormName,
  layerPrefix,
  linearName,
  lmHeadName,
  scoreName,
  type LinearModule,
} from './parameter-shapes.js';
import { quantizedLinear } from './quantize-weights.js';
import { rotaryTables } from './rotary-tables.js';

/** Parameter nodes by Hugging Face name, LoRA factors by PEFT name. */
export type Params = Readonly<Record<string, Node>>;

export interface Model {
  config: ModelConfig;
  params: Params;
  /** Needed when `params` holds LoRA factors. */
  lora?: LoraConfig;
}

/** Rotated keys and values of one layer, both [batch, kvHeads, time, headDim]. */
export interface LayerCache {
  key: Node;
  value: Node;
}

/** For rows that hold several sequences with a common beginning; without it a row is one sequence. */
export interface RowLayout {
  /** int64 [batch, time]: place of each token in its own sequence, below `time`. */
  positions: Node;
  /** float32 [batch, 1, time, time], added to the scores: 0 where a token sees another, -1e9 elsewhere. */
  mask: Node;
}

/** ids int64 [batch, time] -> hidden [batch * time, hidden] after the final norm, and each layer's keys and values. */
export function decoderForward(
  model: Model,
  ids: Node,
  layout?: RowLayout,
): { hidden: Node; caches: LayerCache[] } {
  const { config, params } = model;
  const [batch, time] = ids.shape;
  const tables = rotaryTables(config, time);
  const [cos, sin] = [constant(tables.cos), constant(tables.sin)];
  const attend = {
    batch,
    time,
    cos,
    sin,
    positions: layout?.positions,
    mask: layout?.mask ?? causalMask(time),
  };
  const caches: LayerCache[] = [];
  let hidden = gather(param(params, embeddingName), reshape(ids, [batch * time]), 0); // [batch * time, hidden]
  for (let layer = 0; layer < config.numLayers; layer++) {
    const attention = selfAttention(model, layer, inputNorm(model, layer, hidden), attend);
    caches.push(attention.cache);
    hidden = add(hidden, attention.output);
    hidden = add(hidden, feedForward(model, layer, hidden));
  }
  return { hidden: finalNorm(model, hidden), caches };
}

interface AttentionContext {
  batch: number;
  time: number;
  cos: Node;
  sin: Node;
  positions?: Node;
  mask: Node;
}

function selfAttention(
  model: Model,
  layer: number,
  x: Node,
  context: AttentionContext,
): { output: Node; cache: LayerCache } {
  const { numHeads, numKeyValueHeads: kvHeads, headDim } = model.config;
  const { batch, time, cos, sin, positions, mask } = context;
  const split = (rows: Node, heads: number): Node =>
    transpose(reshape(rows, [batch, time, heads, headDim]), [0, 2, 1, 3]);
  // [batch, heads, time, headDim] and [batch, kvHeads, time, headDim]
  const query = rotary(split(linear(model, layer, 'q_proj', x), numHeads), cos, sin, positions);
  const key = rotary(split(linear(model, layer, 'k_proj', x), kvHeads), cos, sin, positions);
  const value = split(linear(model, layer, 'v_proj', x), kvHeads);
  // The query heads of a group lie next to each other, so a group's queries fold into the time axis
  // and share one product with the group's keys: no key is ever repeated.
  const grouped = [batch, kvHeads, (numHeads / kvHeads) * time];
  const folded = mul(reshape(query, [...grouped, headDim]), headDim ** -0.5);
  const scores = reshape(matmul(folded, key, { transB: true }), [batch, numHeads, time, time]);
  const weights = softmax(add(scores, mask), -1);
  const mixed = matmul(reshape(weights, [...grouped, time]), value); // [batch, kvHeads, group * time, headDim]
  const heads = transpose(reshape(mixed, [batch, numHeads, time, headDim]), [0, 2, 1, 3]);
  const output = linear(model, layer, 'o_proj', reshape(heads, [batch * time, numHeads * headDim]));
  return { output, cache: { key, value } };
}

/** Additive [time, time]: 0 up to the diagonal, a number that softmax turns into exact zero after it. */
function causalMask(time: number): Node {
  const data = new Float32Array(time * time);
  for (let row = 0; row < time; row++) data.fill(-1e9, row * time + row + 1, (row + 1) * time);
  return constant(f32(data, [time, time]));
}

/** x [rows, in] -> [rows, out]: x W^T, plus the LoRA term where `params` has factors for it. */
export function linear({ params, lora }: Model, layer: number, module: LinearModule, x: Node): Node {
  const name = linearName(layer, module);
  const base = quantizedLinear(params, name, x) ?? matmul(x, param(params, name), { transB: true });
  const delta = loraDelta(params, lora, name, x);
  return delta ? add(base, delta) : base;
}

export function inputNorm({ config, params }: Model, layer: number, x: Node): Node {
  return rmsNorm(x, param(params, `${layerPrefix(layer)}input_layernorm.weight`), config.rmsNormEps);
}

export function finalNorm({ config, params }: Model, x: Node): Node {
  return rmsNorm(x, param(params, finalNormName), config.rmsNormEps);
}

/** SwiGLU on the normed x: [rows, hidden] -> [rows, hidden]. */
export function feedForward(model: Model, layer: number, x: Node): Node {
  const { config, params } = model;
  const normed = rmsNorm(
    x,
    param(params, `${layerPrefix(layer)}post_attention_layernorm.weight`),
    config.rmsNormEps,
  );
  const gate = silu(linear(model, layer, 'gate_proj', normed));
  return linear(model, layer, 'down_proj', mul(gate, linear(model, layer, 'up_proj', normed)));
}

/**
 * Logits [n, vocab] of hidden [rows, hidden] at `positions` int64 [n] (flat: row * time + t),
 * all rows when left out. Asking only for the wanted positions is what keeps a large vocabulary cheap.
 */
export function lmLogits({ config, params }: Model, hidden: Node, positions?: Node): Node {
  const wanted = positions ? gather(hidden, positions, 0) : hidden;
  const head = param(params, config.tieWordEmbeddings ? embeddingName : lmHeadName);
  return matmul(wanted, head, { transB: true });
}

/** log p(target) [n] from logits [n, vocab] and targets int64 [n]. */
export function tokenLogProbs(logits: Node, targets: Node): Node {
  const [n] = logits.shape;
  return reshape(gatherElements(logSoftmax(logits, -1), reshape(targets, [n, 1]), 1), [n]);
}

/** Entropy in nats [n] of the distributions that logits [n, vocab] describe. */
export function entropy(logits: Node): Node {
  const logProbs = logSoftmax(logits, -1);
  return neg(sum(mul(exp(logProbs), logProbs), -1));
}

/** Rewards [batch] of hidden [rows, hidden] at the last token of each row, `lastPositions` int64 [batch] (flat). */
export function rewardHead({ params }: Model, hidden: Node, lastPositions: Node): Node {
  const last = gather(hidden, lastPositions, 0); // [batch, hidden]
  return reshape(matmul(last, param(params, scoreName), { transB: true }), [-1]);
}

export function param(params: Params, name: string): Node {
  const node = params[name];
  if (!node) throw new RangeError(`parameter "${name}" is missing`);
  return node;
}
