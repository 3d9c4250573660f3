/** What a run on rollouts takes beside its optimizer step: sampling, scoring, and PPO's value model. */
import { type ModelConfig } from '#src/lm/config.js';
import { parameterShapes } from '#src/lm/parameter-shapes.js';
import { sizeOf } from '#src/nn/tensor.js';
import { type CompletionGroup } from '../completion-batch.js';
import { type RolloutHyperparameters } from '../rollout-hyperparameters.js';

export interface RolloutExtra {
  /** Keys and values of the completions that are being written. */
  samplingBytes: number;
  rewardBytes: number;
  /** A value model with its moments, updates and copies. */
  valueBytes: number;
  floatingPointOperations: number;
}

type Settings = Pick<RolloutHyperparameters, 'promptsPerStep' | 'groupSize' | 'maxTokens'>;

const floatBytes = 4;
/** Weights, start, two moments, updates of the three. */
const trainedCopies = 8;

/** One step's groups, all completions as long as they can get. Token ids do not matter for a plan. */
export function longestRollouts({ promptsPerStep, groupSize, maxTokens }: Settings, promptTokens: number): CompletionGroup[] {
  const completion = { tokenIds: new Array<number>(maxTokens).fill(0) };
  const group = { promptIds: new Array<number>(Math.max(1, promptTokens)).fill(0), completions: new Array<typeof completion>(groupSize).fill(completion) };
  return new Array<CompletionGroup>(promptsPerStep).fill(group);
}

/**
 * @param rewardParameters of all reward models
 * @param withValueModel whether a value model of the policy's size is trained too
 */
export function rolloutExtra(
  config: ModelConfig,
  rewardParameters: number,
  { promptsPerStep, groupSize, maxTokens }: Settings,
  promptTokens: number,
  withValueModel: boolean,
): RolloutExtra {
  const rows = promptsPerStep * groupSize;
  const written = rows * maxTokens + promptsPerStep * promptTokens;
  const parameters = parametersOf(config);
  const cachedPerToken = 2 * config.numLayers * config.numKeyValueHeads * config.headDim * floatBytes;
  // Writing, and reading once more for the reference; the value model reads, and reads and writes back in its step.
  const passes = 2 + (withValueModel ? 4 : 0);
  return {
    samplingBytes: cachedPerToken * rows * (promptTokens + maxTokens),
    rewardBytes: rewardParameters * floatBytes,
    valueBytes: withValueModel ? trainedCopies * parameters * floatBytes : 0,
    floatingPointOperations: 2 * written * (passes * parameters + rewardParameters),
  };
}

const parametersOf = (config: ModelConfig): number => Object.values(parameterShapes(config)).reduce((total, shape) => total + sizeOf(shape), 0);
