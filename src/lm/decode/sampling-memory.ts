/** Memory that sampling will need, computed without running it; follows rollout.ts and generation-sessions.ts. */
import { sizeOf } from '#src/nn/tensor.js';
import { powerOfTwo, roundUp } from '../text/batching.js';
import { type ModelConfig } from '../model/config.js';
import { maxCopiedBytes, takesFewBits } from './frozen-weights.js';
import { mostFrozenSessions, resizable } from './generation-sessions.js';
import { parameterShapes } from '../model/parameter-shapes.js';
import { quantizedBytes } from '../model/quantize-weights.js';
import { capacityBucket } from './rollout.js';
import { type WeightFormat } from '../files/weight-formats.js';

export interface PlannedSampling {
  /** Completions, and how many of them are written at once. */
  completions: number;
  maxRows: number;
  /** The longest. */
  promptTokens: number;
  maxNewTokens: number;
}

const floatBytes = 4;

/** Keys and values of the rows that are written at once, and the mask of their positions. */
export function cacheBytes({ numLayers, numKeyValueHeads, headDim }: ModelConfig, planned: PlannedSampling): number {
  const perPosition = 2 * numLayers * numKeyValueHeads * headDim + 1;
  return perPosition * rowsOf(planned) * capacityOf(planned) * floatBytes;
}

/** Bytes of a policy's weights as decode sessions hold them. */
export function heldBytes(config: ModelConfig, format: WeightFormat): number {
  const ofOne = ([name, shape]: [string, number[]]): number =>
    format !== 'f32' && takesFewBits(name, shape) ? quantizedBytes(sizeOf(shape), format === 'int4' ? 4 : 8) : sizeOf(shape) * floatBytes;
  return Object.entries(parameterShapes(config)).map(ofOne).reduce((sum, bytes) => sum + bytes, 0);
}

/**
 * The most that decode sessions hold in copies of frozen weights of so many bytes: one for each size of batch and
 * cache, as long as the sessions' own limit allows.
 */
export function frozenCopyBytes(weightBytes: number, planned: PlannedSampling, format: WeightFormat = 'f32'): number {
  if (format === 'f32' && weightBytes > maxCopiedBytes) return 0;
  const capacities = (capacityOf(planned) - capacityOf({ ...planned, promptTokens: 1 })) / capacityBucket + 1;
  // A batch that ends shrinks by powers of two; one that does not is built for training and for evaluation.
  const batches = resizable(weightBytes) ? Math.log2(powerOfTwo(rowsOf(planned))) + 1 : 2;
  return weightBytes * Math.min(mostFrozenSessions(weightBytes), batches * capacities);
}

const rowsOf = ({ completions, maxRows }: PlannedSampling): number => Math.min(maxRows, powerOfTwo(completions));
const capacityOf = ({ promptTokens, maxNewTokens }: PlannedSampling): number => roundUp(promptTokens + maxNewTokens, capacityBucket);
