/** A policy small enough to train in a test: random weights over a byte-level vocabulary. */
import { chatMarkers } from '#src/lm/chat.js';
import { type Checkpoint } from '#src/lm/checkpoint.js';
import { type ModelConfig } from '#src/lm/config.js';
import { Tokenizer } from '#src/lm/tokenizer.js';
import { trainBpe } from '#src/lm/train-bpe.js';
import { embeddingName } from '#src/lm/parameter-shapes.js';
import { initWeights } from '#src/lm/weights.js';
import { f32, floats } from '#src/nn/tensor.js';

export function tinyPolicy(seed = 1): Checkpoint {
  const eos = chatMarkers.end;
  const tokenizer = trainBpe([], { merges: 0, specialTokens: Object.values(chatMarkers), eos });
  const { vocabSize, eosTokenId } = Tokenizer.fromFiles(tokenizer);
  const config: ModelConfig = {
    hiddenSize: 16,
    intermediateSize: 32,
    numLayers: 2,
    numHeads: 2,
    numKeyValueHeads: 1,
    headDim: 16,
    rmsNormEps: 1e-5,
    ropeTheta: 10_000,
    vocabSize,
    maxPositionEmbeddings: 128,
    tieWordEmbeddings: true,
    bosTokenId: null,
    eosTokenIds: [eosTokenId as number],
    padTokenId: null,
    head: 'lm',
  };
  const tensors = initWeights(config, seed);
  const embedding = tensors[embeddingName];
  // At a width of 16 the usual initial embeddings leave all logits near zero, whatever the layers do.
  const wide = f32(floats(embedding).map((value) => 20 * value), embedding.shape);
  return { config, tokenizer, tensors: { ...tensors, [embeddingName]: wide } };
}
