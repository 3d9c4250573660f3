/**
 * Causal self-attention over whole rows, for training and for reading prompts (decoding has its own, decode-graph.ts).
 * A token sees only what stands before it in its row, so scores are computed for blocks of queries, each against the keys up to
 * the block's end: with n blocks (n + 1) / 2n of the products and of the passes over scores are left. No block sees less than
 * the mask allows, so results are those of whole scores.
 */
import { type Node } from '#src/nn/graph.js';
import { add, concat, matmul, mul, reshape, slice, softmaxMatmul, transpose } from '#src/nn/ops.js';
import { projections, type Model } from './layers.js';

/** Keys and values of one layer, both [batch, kvHeads, time, headDim]; keys are rotated already. */
export interface LayerCache {
  key: Node;
  value: Node;
}

export interface AttentionContext {
  batch: number;
  time: number;
  rotate: (x: Node) => Node;
  /** Offsets of queries where a block begins, 0 first, and the time last. */
  bounds: readonly number[];
  /** Of each block, added to its scores: [.., queries of the block, keys up to its end]. */
  masks: readonly Node[];
}

const fewestQueries = 64;
const mostBlocks = 4;

/** Bounds of the blocks of queries: few blocks, since each needs several operators. */
export function queryBounds(time: number, whole = false): number[] {
  const blocks = whole ? 1 : Math.max(1, Math.min(mostBlocks, Math.floor(time / fewestQueries)));
  const step = Math.ceil(time / blocks);
  return [...Array.from({ length: blocks }, (_, i) => i * step).filter((at) => at < time), time];
}

/** x [batch * time, hidden] -> mixed values [batch * time, heads * headDim], before the output map. */
export function selfAttention(model: Model, layer: number, x: Node, context: AttentionContext): { heads: Node; cache: LayerCache } {
  const { batch, time, rotate, bounds, masks } = context;
  const { numHeads, numKeyValueHeads: kvHeads, headDim } = model.config;
  const split = (rows: Node, heads: number): Node => transpose(reshape(rows, [batch, time, heads, headDim]), [0, 2, 1, 3]);
  const read = projections(model, layer, x);
  // [batch, heads, time, headDim] and [batch, kvHeads, time, headDim]
  const query = mul(rotate(split(read.query, numHeads)), headDim ** -0.5);
  const key = rotate(split(read.key, kvHeads));
  const value = split(read.value, kvHeads);
  const pieces = (of: Node): Node[] => masks.map((_, i) => slice(of, 2, bounds[i], bounds[i + 1]));
  const [keys, values] = [pieces(key), pieces(value)];
  const mixed = pieces(query).map((queries, i) => {
    const [size, reach] = [bounds[i + 1] - bounds[i], bounds[i + 1]];
    // The query heads of a group lie next to each other, so a group's queries fold into the time axis
    // and share one product with the group's keys: no key is ever repeated.
    const grouped = [batch, kvHeads, (numHeads / kvHeads) * size];
    const folded = reshape(queries, [...grouped, headDim]);
    const scores = reshape(matmul(folded, concat(keys.slice(0, i + 1), 2), { transB: true }), [batch, numHeads, size, reach]);
    const masked = reshape(add(scores, masks[i]), [...grouped, reach]);
    const out = softmaxMatmul(masked, concat(values.slice(0, i + 1), 2)); // [batch, kvHeads, group * size, headDim]
    return reshape(out, [batch, numHeads, size, headDim]);
  });
  const heads = transpose(concat(mixed, 2), [0, 2, 1, 3]);
  return { heads: reshape(heads, [batch * time, numHeads * headDim]), cache: { key, value } };
}
