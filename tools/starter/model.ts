// The starter's shape, its chat tokenizer, and its training loss as a graph.
import { chatFraming, chatMarkers, chatTemplate, type ChatFraming } from '#src/lm/text/chat.js';
import type { ModelConfig } from '#src/lm/model/config.js';
import type { Tensors } from '#src/lm/files/safetensors.js';
import { Tokenizer, type TokenizerFiles } from '#src/lm/text/tokenizer.js';
import { trainBpe } from './train-bpe.js';
import { decoderForward, lmLogits, tokenLogProbs } from '#src/lm/model/transformer.js';
import { input, type Node } from '#src/nn/graph.js';
import { mul, neg, reshape, sum } from '#src/nn/ops.js';
import type { TrainGraph } from '#src/nn/train-graph.js';
import type { Feeds } from '#src/nn/session.js';
import { endTokenId, tokenizerTexts } from './corpus.js';

const PAD = '<|pad|>';

/** Byte-level BPE with the chat markers; enough merges that every word of the world is one token. */
export function trainTokenizer(seed: number): { files: TokenizerFiles; tokenizer: Tokenizer; framing: ChatFraming } {
  const files = trainBpe(tokenizerTexts(seed, 6000), {
    merges: 800,
    specialTokens: [PAD, chatMarkers.user, chatMarkers.assistant, chatMarkers.end],
    eos: chatMarkers.end,
    pad: PAD,
    chatTemplate,
  });
  const tokenizer = Tokenizer.fromFiles(files);
  return { files, tokenizer, framing: chatFraming(tokenizer) };
}

export function starterConfig(tokenizer: Tokenizer): ModelConfig {
  return {
    hiddenSize: 128,
    intermediateSize: 256,
    numLayers: 4,
    numHeads: 4,
    numKeyValueHeads: 4,
    headDim: 32,
    rmsNormEps: 1e-5,
    ropeTheta: 200,
    vocabSize: tokenizer.vocabSize,
    maxPositionEmbeddings: 256,
    tieWordEmbeddings: true,
    bosTokenId: null,
    eosTokenIds: [endTokenId(tokenizer)],
    padTokenId: tokenizer.padTokenId,
    head: 'lm',
  };
}

/** Weighted cross-entropy over all positions; feeds as in batches.ts. The metric is the mean over answer tokens. */
export function lossGraph(config: ModelConfig, tensors: Tensors, { ids }: Feeds): TrainGraph {
  const trainable = Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, input(name, 'float32', shape)]));
  const model = { config, params: trainable };
  const flat = (name: string, dtype: 'float32' | 'int64'): Node => reshape(input(name, dtype, ids.shape), [-1]); // [rows * time]
  const { hidden } = decoderForward(model, input('ids', 'int64', ids.shape));
  const losses = neg(tokenLogProbs(lmLogits(model, hidden), flat('targets', 'int64'))); // [rows * time]
  return {
    loss: sum(mul(losses, flat('weights', 'float32'))),
    metrics: { answer: sum(mul(losses, flat('answers', 'float32'))) },
    trainable,
  };
}
