// The decoders that are measured, and how many floating-point operations a training step of one takes.
import type { ModelConfig } from '#src/lm/model/config.js';
import { parameterShapes } from '#src/lm/model/parameter-shapes.js';
import { sizeOf } from '#src/nn/tensor.js';

export interface StepShape {
  /** Without spaces: it is also a word of the protocol with the rival. */
  name: string;
  config: ModelConfig;
  batch: number;
  time: number;
}

const common: Pick<ModelConfig, 'rmsNormEps' | 'ropeTheta' | 'tieWordEmbeddings' | 'bosTokenId' | 'eosTokenIds' | 'padTokenId' | 'head'> = {
  rmsNormEps: 1e-5,
  ropeTheta: 10_000,
  tieWordEmbeddings: true,
  bosTokenId: null,
  eosTokenIds: [],
  padTokenId: null,
  head: 'lm',
};

/** As tools/starter/model.ts makes it; the vocabulary is about what its tokenizer learns. */
export const starterConfig: ModelConfig = {
  ...common,
  hiddenSize: 128,
  intermediateSize: 352,
  numLayers: 4,
  numHeads: 4,
  numKeyValueHeads: 2,
  headDim: 32,
  vocabSize: 1024,
  maxPositionEmbeddings: 256,
};

export const stepShapes: StepShape[] = [
  {
    name: 'hidden-256',
    config: {
      ...common,
      hiddenSize: 256,
      intermediateSize: 704,
      numLayers: 6,
      numHeads: 8,
      numKeyValueHeads: 4,
      headDim: 32,
      vocabSize: 2048,
      maxPositionEmbeddings: 256,
    },
    batch: 8,
    time: 256,
  },
  { name: 'starter-sized', config: starterConfig, batch: 32, time: 96 },
  { name: 'smollm2-4-layers', config: smollm2Config(4), batch: 4, time: 192 },
];

/** The shape of SmolLM2-135M, which has 30 layers: with fewer, its vocabulary weighs more than it should. */
function smollm2Config(numLayers: number): ModelConfig {
  return {
    ...common,
    ropeTheta: 100_000,
    hiddenSize: 576,
    intermediateSize: 1536,
    numLayers,
    numHeads: 9,
    numKeyValueHeads: 3,
    headDim: 64,
    vocabSize: 49_152,
    maxPositionEmbeddings: 2048,
  };
}

export function parameterCount(config: ModelConfig): number {
  return Object.values(parameterShapes(config)).reduce((total, shape) => total + sizeOf(shape), 0);
}

/** Matrix products alone, forward once and backward twice; attention over the full square, as we compute it. */
export function stepFlops({ config, batch, time }: StepShape): number {
  const matrices = Object.values(parameterShapes(config)).filter((shape) => shape.length === 2);
  const perToken = 2 * matrices.reduce((total, shape) => total + sizeOf(shape), 0); // the tied embedding counts as LM head
  const attention = config.numLayers * 2 * 2 * batch * config.numHeads * time * time * config.headDim;
  return 3 * (perToken * batch * time + attention);
}
