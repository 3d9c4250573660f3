/**
 * The two graphs of generation, over the same layers as training: `prefill` reads whole prompts and
 * returns their keys and values, `decode` advances every row by one token against its cache.
 * All parameters are inputs, so new weights need no new session.
 */
import { constant, input, type Node } from '#src/nn/graph.js';
import { add, gather, groupQueryAttention, reshape } from '#src/nn/ops.js';
import { embeddingName } from './parameter-shapes.js';
import { rotaryTables } from './rotary-tables.js';
import { decoderForward, feedForward, finalNorm, inputNorm, linear, lmLogits, param, type Model } from './transformer.js';

export const keyName = (layer: number): string => `cache.${layer}.key`;
export const valueName = (layer: number): string => `cache.${layer}.value`;

/**
 * Feeds: `ids` int64 [batch, time] padded on the right, `last` int64 [batch] (flat position of each row's last token).
 * Outputs: `logits` [batch, vocab] at `last`, and per layer keys and values [batch, kvHeads, time, headDim].
 */
export function prefillGraph(model: Model, batch: number, time: number): Record<string, Node> {
  const ids = input('ids', 'int64', [batch, time]);
  const { hidden, caches } = decoderForward(model, ids);
  const outputs: Record<string, Node> = { logits: lmLogits(model, hidden, input('last', 'int64', [batch])) };
  caches.forEach(({ key, value }, layer) => {
    outputs[keyName(layer)] = key;
    outputs[valueName(layer)] = value;
  });
  return outputs;
}

/**
 * Feeds: `ids` int64 [batch], one token per row; `lengths` int32 [batch], tokens before it; `total` int32 [1],
 * the longest row with it; per layer caches [batch, kvHeads, capacity, headDim].
 * Outputs: `logits` [batch, vocab], and the caches under `present.` names, to be fetched into the fed tensors.
 */
export function decodeGraph(model: Model, batch: number, capacity: number): Record<string, Node> {
  const { config, params } = model;
  const tables = rotaryTables(config, capacity);
  const step = {
    lengths: input('lengths', 'int32', [batch]),
    total: input('total', 'int32', [1]),
    cos: constant(tables.cos),
    sin: constant(tables.sin),
  };
  const cacheShape = [batch, config.numKeyValueHeads, capacity, config.headDim];
  const outputs: Record<string, Node> = {};
  let hidden = gather(param(params, embeddingName), input('ids', 'int64', [batch]), 0); // [batch, hidden]
  for (let layer = 0; layer < config.numLayers; layer++) {
    const x = inputNorm(model, layer, hidden);
    const row = (rows: Node): Node => reshape(rows, [batch, 1, -1]);
    const { output, presentKey, presentValue } = groupQueryAttention(
      {
        ...step,
        query: row(linear(model, layer, 'q_proj', x)),
        key: row(linear(model, layer, 'k_proj', x)),
        value: row(linear(model, layer, 'v_proj', x)),
        pastKey: input(keyName(layer), 'float32', cacheShape),
        pastValue: input(valueName(layer), 'float32', cacheShape),
      },
      { heads: config.numHeads, kvHeads: config.numKeyValueHeads },
    );
    outputs[`present.${keyName(layer)}`] = presentKey;
    outputs[`present.${valueName(layer)}`] = presentValue;
    hidden = add(hidden, linear(model, layer, 'o_proj', reshape(output, [batch, -1])));
    hidden = add(hidden, feedForward(model, layer, hidden));
  }
  return { logits: lmLogits(model, finalNorm(model, hidden)), ...outputs };
}
