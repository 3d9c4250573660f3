/** What is asked of a generator and what it answers. */
import { type Tensor } from '#src/nn/tensor.js';
import { type ModelConfig } from '../model/config.js';
import type { LoraConfig } from '../model/lora-delta.js';
import { type WeightFormat } from '../files/weight-formats.js';
import { checkSampling, type SamplingOptions } from './sampler.js';

export interface PromptRequest {
  /** Token ids of the prompt, at least one. */
  ids: readonly number[];
  /** One completion per seed; a seed alone fixes the random numbers of its completion. */
  seeds: readonly (string | number)[];
}

export interface GenerationOptions extends SamplingOptions {
  maxNewTokens: number;
  /** Tokens that end a completion; the model's end-of-sequence ids when left out. */
  stopTokenIds?: readonly number[];
  /** Asked after every token whether a completion is over, for instance because its text holds a stop string. */
  isOver?: (tokenIds: readonly number[]) => boolean;
}

export interface GeneratedSequence {
  /** Without the prompt; the stop token is included when one was sampled, and so are those of a stop string. */
  tokenIds: number[];
  /** Of each token under the model's softmax at `logProbTemperature`, without penalties and filters. */
  logProbs: number[];
  finishReason: 'stop' | 'length';
}

export interface GenerationControl {
  signal?: AbortSignal;
  onProgress?: (doneRows: number, totalRows: number) => void;
}

export interface GeneratorModel {
  config: ModelConfig;
  /** Base weights, and LoRA factors under their PEFT names when `lora` is given. */
  tensors: Record<string, Tensor>;
  lora?: LoraConfig;
}

export interface GeneratorLimits {
  /** Rows decoded at once. */
  maxRows: number;
  /** Padded prompt tokens read at once (one prompt may exceed it). */
  maxPrefillTokens: number;
  /** Of one operator; the runtime's choice when left out. One is best for small models on a busy machine. */
  threads?: number;
  /**
   * Base weights are constants of the decode sessions (the default for formats other than `f32`): decoding is
   * faster, each session holds a copy of them, and changes arrive by `updateWeights` alone. LoRA factors are
   * read at every step either way. Weights beyond 1.9 GiB are never frozen as `f32`.
   */
  frozen?: boolean;
  /**
   * Of the layers' linear maps while decoding: `f32` (default), or 8 or 4 bits in blocks of 32. Log-probabilities
   * are then those of the policy that wrote, prompts read with full weights: off-policy for a trainer, whose
   * importance ratios must be taken against them.
   */
  weights?: WeightFormat;
}

/** Throws RangeError for a request that the model cannot serve. */
export function checkRequest(
  config: ModelConfig,
  prompts: readonly PromptRequest[],
  options: GenerationOptions,
): void {
  checkSampling(options);
  const { maxNewTokens } = options;
  if (!Number.isInteger(maxNewTokens) || maxNewTokens < 1)
    throw new RangeError(`maxNewTokens must be >= 1, got ${maxNewTokens}`);
  const { maxPositionEmbeddings, vocabSize } = config;
  prompts.forEach(({ ids }, index) => {
    if (ids.length === 0) throw new RangeError(`prompt ${index} is empty`);
    if (ids.length + maxNewTokens > maxPositionEmbeddings) {
      throw new RangeError(
        `prompt ${index} of ${ids.length} tokens and ${maxNewTokens} new ones exceed ${maxPositionEmbeddings} positions`,
      );
    }
    const bad = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabSize));
    if (bad !== undefined)
      throw new RangeError(`prompt ${index} has token ${bad}, which is outside the vocabulary of ${vocabSize}`);
  });
}
