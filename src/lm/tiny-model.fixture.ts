/** A model small enough for the reference interpreter, with every structural feature of the family. */
import { type ModelConfig } from './config.js';

export const tinyConfig: ModelConfig = {
  hiddenSize: 16,
  intermediateSize: 24,
  numLayers: 2,
  numHeads: 4,
  numKeyValueHeads: 2,
  headDim: 8,
  rmsNormEps: 1e-5,
  ropeTheta: 10_000,
  vocabSize: 40,
  maxPositionEmbeddings: 128,
  tieWordEmbeddings: false,
  bosTokenId: null,
  eosTokenIds: [1],
  padTokenId: 0,
  head: 'lm',
};
