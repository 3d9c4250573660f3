/**
 * Chooses the micro-batch size if none is given. One run of the graph should take about two
 * seconds, so that a run can be paused, watched and moved, and its values a modest share of memory. Whoever starts a run
 * chooses once and records it: gradients add up only up to rounding, so a different choice would change the bits.
 */
import { gaps, type PlannedRuns, type TrainingPlan } from './training-plan.js';

/** Of the heaviest step in one run. */
export interface StepCost {
  /** Shared prompts once. */
  tokens: number;
  /** Of its forward and backward pass. */
  floatingPointOperations: number;
  /** Memory that grows with the tokens: the batch and the activations. */
  growingBytes: number;
  /** All else: weights, moments, gradients, the runtime. */
  otherBytes: number;
}

export interface Machine {
  /** Floating-point operations per second of a matrix product. */
  speed: number;
  /** Memory limit of a training. */
  memoryBytes: number;
}

const secondsPerRun = 2;

/** A busy machine measures less than it has. With at least this, small models keep one run per step everywhere. */
const slowest = 50e9;

/** Values of a run may take this share of the memory, and leave a tenth of what the weights leave. */
const share = 1 / 4;
const spared = 0.9;

/** With fewer rows, matrix products are bound by loading weights, and copying gradients costs too much. */
const fewestTokens = 256;

/** @returns a power of two, so that measurements of speed that differ a little mean the same; null computes the step at once */
export function chooseMicroBatch({ tokens, floatingPointOperations, growingBytes, otherBytes }: StepCost, { speed, memoryBytes }: Machine): number | null {
  const inTime = (tokens * secondsPerRun * Math.max(speed, slowest)) / floatingPointOperations;
  const room = Math.max(0, Math.min(share * memoryBytes, spared * (memoryBytes - otherBytes)));
  const inMemory = (tokens * room) / growingBytes;
  const wanted = Math.min(Math.max(inTime, fewestTokens), inMemory);
  if (wanted >= tokens) return null;
  return 2 ** Math.floor(Math.log2(Math.max(1, wanted)));
}

/** @param plan of the heaviest step, computed at once */
export function microBatchOf({ bytes, tokens, operationsPerRun }: Pick<TrainingPlan, 'bytes'> & PlannedRuns, machine: Machine): number | null {
  const growingBytes = bytes.batch + (1 + gaps) * bytes.activations;
  return chooseMicroBatch({ tokens, floatingPointOperations: operationsPerRun, growingBytes, otherBytes: bytes.peak - growingBytes }, machine);
}
