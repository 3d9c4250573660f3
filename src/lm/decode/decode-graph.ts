/**
 * The two graphs of generation, over the same layers as training: `prefill` reads whole prompts and
 * returns their keys and values, `decode` advances every row by one token against its cache.
 * All parameters are inputs, so new weights need no new session.
 */
import { input, type Node } from '#src/nn/graph.js';
import { add, concat, matmul, mul, reshape, slice, softmax, sum } from '#src/nn/ops.js';
import { familyOf } from '../model/families.js';
import { embed, feedForward, finalNorm, inputNorm, linear, projections } from '../model/layers.js';
import { decoderForward, lmLogits, rotation, type LayerCache, type Model } from '../model/transformer.js';

export const keyName = (layer: number): string => `cache.${layer}.key`;
export const valueName = (layer: number): string => `cache.${layer}.value`;
/** What a decode graph calls a cache that it reads. */
export const pastName = (name: string): string => `past.${name}`;

/**
 * Feeds: `ids` int64 [batch, time] padded on the right, `last` int64 [batch] (flat position of each row's last token).
 * Outputs: `logits` [batch, vocab] at `last`, and per layer keys and values [batch, kvHeads, time, headDim].
 */
export function prefillGraph(model: Model, batch: number, time: number): Record<string, Node> {
  const ids = input('ids', 'int64', [batch, time]);
  const { hidden, caches } = decoderForward(model, ids, undefined, { wanted: input('last', 'int64', [batch]) });
  const outputs: Record<string, Node> = { logits: lmLogits(model, hidden) };
  caches.forEach(({ key, value }, layer) => {
    outputs[keyName(layer)] = key;
    outputs[valueName(layer)] = value;
  });
  return outputs;
}

/**
 * Feeds: `ids` int64 [batch], one token per row; `positions` int64 [batch, 1], tokens before it; `mask` float32
 * [batch, 1, 1, capacity], 0 where the cache holds a token of the row and very negative elsewhere; per layer
 * caches [batch, kvHeads, capacity, headDim] under their `past.` names.
 * Outputs: `logits` [batch, vocab], and under the caches' names what this token adds, [batch, kvHeads, 1, headDim].
 *
 * ONNX Runtime's GroupQueryAttention returns whole caches, and the Node binding copies every output, also one
 * that was written in place: a step would cost the cache's capacity twice. Here a step returns one position
 * and the caller writes it in.
 */
export function decodeGraph(model: Model, batch: number, capacity: number): Record<string, Node> {
  const { config } = model;
  const positions = input('positions', 'int64', [batch, 1]);
  // A cache may be longer than learned positions reach; no token comes to lie there.
  const learned = familyOf(config).positions === 'learned';
  const reach = learned ? Math.min(capacity, config.maxPositionEmbeddings) : capacity;
  const step = {
    rotate: rotation(model, reach, positions),
    mask: input('mask', 'float32', [batch, 1, 1, capacity]),
  };
  const shape = [batch, config.numKeyValueHeads, capacity, config.headDim];
  const outputs: Record<string, Node> = {};
  let hidden = embed(model, input('ids', 'int64', [batch]), reshape(positions, [batch])); // [batch, hidden]
  for (let layer = 0; layer < config.numLayers; layer++) {
    const cache = (name: string): Node => input(pastName(name), 'float32', shape);
    const past = { key: cache(keyName(layer)), value: cache(valueName(layer)) };
    const { output, added } = decodeAttention(model, layer, inputNorm(model, layer, hidden), past, step);
    outputs[keyName(layer)] = added.key;
    outputs[valueName(layer)] = added.value;
    hidden = add(hidden, output);
    hidden = add(hidden, feedForward(model, layer, hidden));
  }
  return { logits: lmLogits(model, finalNorm(model, hidden)), ...outputs };
}

interface DecodeStep {
  rotate: (x: Node) => Node;
  mask: Node;
}

function decodeAttention(
  model: Model,
  layer: number,
  x: Node,
  past: LayerCache,
  { rotate, mask }: DecodeStep,
): { output: Node; added: LayerCache } {
  const { numHeads, numKeyValueHeads: kvHeads, headDim } = model.config;
  const [batch, , capacity] = past.key.shape;
  const split = (rows: Node, heads: number): Node => reshape(rows, [batch, heads, 1, headDim]);
  const read = projections(model, layer, x);
  const rotated = rotate(split(read.query, numHeads));
  // [batch, kvHeads, group, headDim]: the queries that share a key head.
  const query = mul(reshape(rotated, [batch, kvHeads, numHeads / kvHeads, headDim]), headDim ** -0.5);
  // [batch, kvHeads, 1, headDim]
  const key = rotate(split(read.key, kvHeads));
  const value = split(read.value, kvHeads);
  const before = add(matmul(query, past.key, { transB: true }), mask); // [batch, kvHeads, group, capacity]
  const own = sum(mul(query, key), -1, true); // [batch, kvHeads, group, 1]
  const weights = softmax(concat([before, own], -1), -1);
  const fromPast = matmul(slice(weights, 3, 0, capacity), past.value); // [batch, kvHeads, group, headDim]
  const mixed = add(fromPast, mul(slice(weights, 3, capacity, capacity + 1), value));
  return { output: linear(model, layer, 'output', reshape(mixed, [batch, -1])), added: { key, value } };
}
