/** Models small enough for the reference interpreter, with every structural feature of their families. */
import { type ModelConfig } from './config.js';
import { type FamilyName } from './families.js';

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

/** One of each family; those of Qwen have tied embeddings. */
export const tinyConfigs: Readonly<Record<FamilyName, ModelConfig>> = {
  llama: tinyConfig,
  qwen2: { ...tinyConfig, family: 'qwen2', tieWordEmbeddings: true },
  qwen3: { ...tinyConfig, family: 'qwen3', tieWordEmbeddings: true, headDim: 6 },
  gpt2: { ...tinyConfig, family: 'gpt2', numKeyValueHeads: 4, headDim: 4 },
};
