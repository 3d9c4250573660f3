/** Description of a model without its weights: a validated `config.json` of Hugging Face (`config.ts`). */

export const familyNames = ['llama', 'qwen2', 'qwen3', 'gpt2'] as const;
export type FamilyName = (typeof familyNames)[number];

export type RopeScaling =
  | { type: 'linear'; factor: number }
  | {
      type: 'llama3';
      factor: number;
      lowFreqFactor: number;
      highFreqFactor: number;
      /** Positions the model knew before it was stretched. */
      originalMaxPositions: number;
    };

export type Head = 'lm' | 'reward';

export interface ModelConfig {
  /** 'llama' when left out. */
  family?: FamilyName;
  hiddenSize: number;
  intermediateSize: number;
  numLayers: number;
  numHeads: number;
  numKeyValueHeads: number;
  headDim: number;
  /** Epsilon of the norms, RMS or layer. */
  rmsNormEps: number;
  /** Without meaning in a family with learned positions. */
  ropeTheta: number;
  ropeScaling?: RopeScaling;
  vocabSize: number;
  maxPositionEmbeddings: number;
  tieWordEmbeddings: boolean;
  bosTokenId: number | null;
  eosTokenIds: number[];
  padTokenId: number | null;
  /** 'reward' has `score.weight` [1, hidden] in the place of the LM head. */
  head: Head;
}
