/**
 * The decoder-only transformer as a graph: embedding, layers of causal attention and feed-forward map behind
 * norms, final norm, head. One function for training and inference and for every family (families.ts).
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
  rotary,
  slice,
  sum,
} from '#src/nn/ops.js';
import { f32, i64, type Tensor } from '#src/nn/tensor.js';
import { familyOf } from './families.js';
import { embed, feedForward, finalNorm, inputNorm, linear, param, type Model } from './layers.js';
import { lmHeadName, scoreName } from './parameter-shapes.js';
import { queryBounds, selfAttention, type AttentionContext, type LayerCache } from './self-attention.js';
import { type ModelConfig, type RopeScaling } from './model-config.js';

export { type Model, type Params } from './layers.js';
export { type LayerCache } from './self-attention.js';

/** For rows that hold several sequences with a common beginning; without it a row is one sequence. */
export interface RowLayout {
  /** int64 [batch, time]: place of each token in its own sequence, below `time`. */
  positions: Node;
  /**
   * float32 [batch, 1, time, time], added to the scores: 0 where a token sees another, -1e9 elsewhere. No token sees one that
   * comes after it in its row.
   */
  mask: Node;
}

export interface ForwardOptions {
  /**
   * int64 [n], flat: the only tokens whose final state is used. The last layer computes keys and values of all tokens
   * and everything else of these alone: most of a layer is saved, forward and backward.
   */
  wanted?: Node;
  /** Scores of all queries at once, whatever the time: for graphs whose operators may not depend on it. */
  wholeScores?: boolean;
}

/** In the place of token ids: what layers below `layer` made of them, float32 [batch, time, hidden]. */
export interface Entry {
  layer: number;
  hidden: Node;
}

/**
 * ids int64 [batch, time] -> hidden [batch * time, hidden] after the final norm, [n, hidden] where only some are wanted, and
 * each layer's keys and values. From an `Entry` it begins at that layer, and no gradient goes further down.
 * `blocks` are the hidden states between the layers, embeddings (or the entry) first: what recomputation may keep.
 * Throws RangeError when `time` is more than learned positions reach.
 */
export function decoderForward(
  model: Model,
  input: Node | Entry,
  layout?: RowLayout,
  options: ForwardOptions = {},
): { hidden: Node; caches: LayerCache[]; blocks: Node[] } {
  const { hidden, caches, blocks } = throughLayers(model, input, model.config.numLayers, layout, options);
  return { hidden: finalNorm(model, hidden), caches, blocks: [...blocks, hidden] };
}

/** Hidden states [batch * time, hidden] of ids int64 [batch, time] as they enter `layer`: what an `Entry` takes. */
export function trunkForward(model: Model, ids: Node, layer: number, layout?: RowLayout): Node {
  return throughLayers(model, ids, layer, layout, {}).hidden;
}

/** Layers up to and without `end`. */
function throughLayers(
  model: Model,
  input: Node | Entry,
  end: number,
  layout: RowLayout | undefined,
  { wanted, wholeScores }: ForwardOptions,
): { hidden: Node; caches: LayerCache[]; blocks: Node[] } {
  const { config } = model;
  const [batch, time] = 'layer' in input ? input.hidden.shape : input.shape;
  const rows = batch * time;
  const bounds = queryBounds(time, wholeScores);
  const attend: AttentionContext = {
    batch,
    time,
    // Rows of several sequences are longer than any position in them; whoever lays them out keeps to the model's limit.
    rotate: rotation(model, time, layout?.positions, layout ? 1 : time),
    bounds,
    masks: bounds.slice(1).map((to, i) => maskOfBlock(layout, bounds[i], to)),
  };
  const caches: LayerCache[] = [];
  const blocks: Node[] = [];
  const start = 'layer' in input ? input.layer : 0;
  let hidden = 'layer' in input ? reshape(input.hidden, [rows, config.hiddenSize]) : embedded(model, input, layout); // [batch * time, hidden]
  for (let layer = start; layer < end; layer++) {
    blocks.push(hidden);
    const { heads, cache } = selfAttention(model, layer, inputNorm(model, layer, hidden), attend);
    caches.push(cache);
    const read = (all: Node): Node => (wanted && layer === config.numLayers - 1 ? gather(all, wanted, 0) : all);
    hidden = add(read(hidden), linear(model, layer, 'output', read(heads)));
    hidden = add(hidden, feedForward(model, layer, hidden));
  }
  return { hidden, caches, blocks };
}

/** ids int64 [batch, time] -> [batch * time, hidden] */
function embedded(model: Model, ids: Node, layout?: RowLayout): Node {
  const [batch, time] = ids.shape;
  const positions = layout ? reshape(layout.positions, [batch * time]) : ownPositions(batch, time);
  return embed(model, reshape(ids, [batch * time]), positions);
}

/** 0 .. time - 1 for each row, [batch * time]. */
function ownPositions(batch: number, time: number): Node {
  return constant(
    i64(
      Array.from({ length: batch * time }, (_, i) => i % time),
      [batch * time],
    ),
  );
}

/**
 * How queries and keys [batch, heads, time, headDim] take in positions below `reach`: by rotary embedding, or
 * not at all if positions are learned and were added to the embeddings. `positions` as in `rotary`; `longest` is how many
 * of them learned positions must hold.
 */
export function rotation({ config }: Model, reach: number, positions?: Node, longest = reach): (x: Node) => Node {
  if (familyOf(config).positions === 'learned') {
    if (longest <= config.maxPositionEmbeddings) return (x) => x;
    throw new RangeError(`${longest} positions are more than the ${config.maxPositionEmbeddings} this model has learned`);
  }
  const tables = rotaryTables(config, reach);
  const [cos, sin] = [constant(tables.cos), constant(tables.sin)];
  return (x) => rotary(x, cos, sin, positions);
}

/** Additive masks of blocks of queries: slices of the layout's own, or 0 up to the diagonal. */
function maskOfBlock(layout: RowLayout | undefined, from: number, to: number): Node {
  if (layout) return slice(slice(layout.mask, 2, from, to), 3, 0, to); // [batch, 1, to - from, to]
  const data = new Float32Array((to - from) * to);
  // A number that softmax turns into exact zero.
  for (let row = from; row < to; row++) data.fill(-1e9, (row - from) * to + row + 1, (row - from + 1) * to);
  return constant(f32(data, [to - from, to]));
}

/**
 * Logits [n, vocab] of hidden [rows, hidden] at `positions` int64 [n] (flat: row * time + t),
 * all rows when left out. Asking only for the wanted positions is what keeps a large vocabulary cheap.
 */
export function lmLogits({ config, params }: Model, hidden: Node, positions?: Node): Node {
  const wanted = positions ? gather(hidden, positions, 0) : hidden;
  const embedding = `${familyOf(config).names.embedding}.weight`;
  const head = param(params, config.tieWordEmbeddings ? embedding : lmHeadName);
  return matmul(wanted, head, { transB: true });
}

/** log p(target) [n] from logits [n, vocab] and targets int64 [n]. */
export const tokenLogProbs = (logits: Node, targets: Node): Node => ofTargets(logSoftmax(logits, -1), targets);


/** log p [n, vocab] at targets int64 [n]: [n]. */
export function ofTargets(logProbs: Node, targets: Node): Node {
  const [n] = logProbs.shape;
  return reshape(gatherElements(logProbs, reshape(targets, [n, 1]), 1), [n]);
}

/** Entropy in nats [n] from log p [n, vocab]. */
export const entropyOf = (logProbs: Node): Node => neg(sum(mul(exp(logProbs), logProbs), -1));

/** Rewards [batch] of hidden [rows, hidden] at the last token of each row, `lastPositions` int64 [batch] (flat). */
export function rewardHead(model: Model, hidden: Node, lastPositions: Node): Node {
  return valueHead(model, gather(hidden, lastPositions, 0));
}

/** The reward head read at every token: values [rows] of hidden [rows, hidden]. */
export function valueHead({ params }: Model, hidden: Node): Node {
  return reshape(matmul(hidden, param(params, scoreName), { transB: true }), [-1]);
}

/**
 * Rotary tables (Su et al. 2021, arXiv:2104.09864): angle = position * theta^(-2i / headDim), with the two
 * ways of stretching a trained context that keep fixed frequencies: `linear` (Chen et al. 2023,
 * arXiv:2306.15595) and `llama3` (Llama 3.1's configuration).
 */
/** cos and sin, each [positions, headDim / 2]. */
export function rotaryTables(
  { headDim, ropeTheta, ropeScaling }: ModelConfig,
  positions: number,
): { cos: Tensor; sin: Tensor } {
  const half = headDim / 2;
  const frequencies = Array.from({ length: half }, (_, i) => scaled(ropeTheta ** (-i / half), ropeScaling));
  const table = (f: (x: number) => number): Tensor =>
    f32(
      Float32Array.from({ length: positions * half }, (_, i) =>
        f(Math.floor(i / half) * frequencies[i % half]),
      ),
      [positions, half],
    );
  return { cos: table(Math.cos), sin: table(Math.sin) };
}

/** Radians per position. */
function scaled(frequency: number, scaling: RopeScaling | undefined): number {
  if (!scaling) return frequency;
  const stretched = frequency / scaling.factor;
  if (scaling.type === 'linear') return stretched;
  // Turns within the original context: many turns tell near positions apart and stay, few are stretched.
  const { lowFreqFactor: low, highFreqFactor: high, originalMaxPositions } = scaling;
  const turns = (originalMaxPositions * frequency) / (2 * Math.PI);
  if (turns > high) return frequency;
  if (turns < low) return stretched;
  const share = (turns - low) / (high - low);
  return (1 - share) * stretched + share * frequency;
}
