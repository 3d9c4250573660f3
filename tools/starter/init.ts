/**
 * Initial weights that already lean towards looking things up, after "mimetic initialization" (Trockman and
 * Kolter 2023, arXiv:2305.09828). Trained from the usual initialization, so small a model spends most of its
 * steps finding just this:
 *
 * - keys start equal to queries, so that a word attends to its like;
 * - each output map starts as its value map transposed, so that attention copies what it reads;
 * - in the first layers some heads have their queries turned back by a few positions (what rotary embedding
 *   would do), and all embeddings share a constant part, so that those heads read the words just before: a
 *   value gets to know its person, the end of a question whom it asks about.
 */
import type { ModelConfig } from '#src/lm/model/config.js';
import { embeddingName, linearName } from '#src/lm/model/parameter-shapes.js';
import type { Tensors } from '#src/lm/files/safetensors.js';
import { initWeights } from '#src/lm/files/weights.js';
import { floats } from '#src/nn/tensor.js';

/** Standard deviation of initWeights' embeddings and linear maps. */
const USUAL = 0.02;

/** Words looked back by each head of the first layers; heads and layers beyond look for their like. */
const LOOK_BACK = [
  [1, 2, 3, 4],
  [0, 0, 2, 4],
];
const LOOK_BACK_STRENGTH = 2;

/** Weights for a model with as many key-value heads as heads. `copying` scales the output maps. */
export function lookupInit(config: ModelConfig, seed: number, copying = 0.5): Tensors {
  if (config.numHeads !== config.numKeyValueHeads) throw new RangeError('lookupInit needs one key-value head per head');
  const tensors = initWeights(config, seed);
  const { hiddenSize: hidden, numHeads, headDim } = config;
  const width = numHeads * headDim;
  // Rows of unit length, so that value map times its transpose is close to the identity.
  const gain = 1 / Math.sqrt(hidden) / USUAL;
  addConstantPart(floats(tensors[embeddingName]), hidden);
  for (let layer = 0; layer < config.numLayers; layer++) {
    const weight = (module: 'q_proj' | 'k_proj' | 'v_proj' | 'o_proj'): Float32Array => floats(tensors[linearName(layer, module)]);
    const [query, key, value, output] = [weight('q_proj'), weight('k_proj'), weight('v_proj'), weight('o_proj')];
    for (let i = 0; i < query.length; i++) {
      key[i] = query[i] *= gain;
      value[i] *= gain;
    }
    for (let head = 0; head < numHeads; head++) {
      const back = LOOK_BACK[layer]?.[head] ?? 0;
      if (back > 0) turnBack(query.subarray(head * headDim * hidden, (head + 1) * headDim * hidden), config, back);
    }
    for (let row = 0; row < width; row++) {
      for (let col = 0; col < hidden; col++) output[col * width + row] = copying * value[row * hidden + col];
    }
    for (const module of ['gate_proj', 'up_proj', 'down_proj'] as const) {
      const map = floats(tensors[linearName(layer, module)]);
      for (let i = 0; i < map.length; i++) map[i] *= 3;
    }
  }
  return tensors;
}

/** One direction that all words share: the only thing that position alone can act on. */
function addConstantPart(embeddings: Float32Array, hidden: number): void {
  for (let i = 0; i < embeddings.length; i++) embeddings[i] += (i % hidden) % 2 === 0 ? USUAL : -USUAL;
}

/** Rotates the query rows [headDim, hidden] of one head as rotary embedding does, by `-back` positions. */
function turnBack(query: Float32Array, { headDim, hiddenSize: hidden, ropeTheta }: ModelConfig, back: number): void {
  const half = headDim / 2;
  for (let i = 0; i < half; i++) {
    const angle = -back * ropeTheta ** (-i / half);
    const [cos, sin] = [Math.cos(angle) * LOOK_BACK_STRENGTH, Math.sin(angle) * LOOK_BACK_STRENGTH];
    for (let col = 0; col < hidden; col++) {
      const [a, b] = [query[i * hidden + col], query[(i + half) * hidden + col]];
      query[i * hidden + col] = a * cos - b * sin;
      query[(i + half) * hidden + col] = a * sin + b * cos;
    }
  }
}
