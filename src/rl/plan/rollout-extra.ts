/** Memory of a run on rollouts in addition to its optimizer step: sampling, scoring, and PPO's value model. */
import { type ModelConfig } from '#src/lm/model/config.js';
import { loraShapes } from '#src/lm/lora/lora.js';
import { parameterShapes, scoreName } from '#src/lm/model/parameter-shapes.js';
import { cacheBytes, frozenCopyBytes, heldBytes, type PlannedSampling } from '#src/lm/decode/sampling-memory.js';
import { sizeOf } from '#src/nn/tensor.js';
import { type CompletionGroup } from '../batch/completion-batch.js';
import { type RolloutHyperparameters } from '../settings.js';
import { sampledAtOnce } from '../rollouts/rollouts.js';

export interface RolloutExtra {
  /** Keys and values of the completions that are being written, and copies of weights that sampling makes. */
  samplingBytes: number;
  rewardBytes: number;
  /** A value model with its moments, gradients and start. */
  valueBytes: number;
  /** Of a step. */
  floatingPointOperations: number;
}

export interface RolloutModels {
  policy: ModelConfig;
  /** Parameters of all reward models, including each member of an ensemble. */
  rewardParameters: number;
  /** For PPO: the model that its value model starts from, and whether it differs from the policy. */
  value?: { start: ModelConfig; ownStart: boolean };
}

type Settings = Pick<RolloutHyperparameters, 'promptsPerStep' | 'groupSize' | 'maxTokens' | 'innerEpochs' | 'beta' | 'klBudget' | 'lora' | 'rolloutWeights'>;

const floatBytes = 4;
/** A forward pass takes two operations a weight and token, a backward pass twice as many. */
const forward = 2;
const forwardAndBackward = 6;

/** One step's groups, all completions as long as they can get. Token ids do not matter for a plan. */
export function longestRollouts(
  { promptsPerStep, groupSize, maxTokens }: Pick<Settings, 'promptsPerStep' | 'groupSize' | 'maxTokens'>,
  promptTokens: number,
): CompletionGroup[] {
  const completion = { tokenIds: new Array<number>(maxTokens).fill(0) };
  const group = { promptIds: new Array<number>(Math.max(1, promptTokens)).fill(0), completions: new Array<typeof completion>(groupSize).fill(completion) };
  return new Array<CompletionGroup>(promptsPerStep).fill(group);
}

/** @param promptTokens of the longest prompt */
export function rolloutExtra({ policy, rewardParameters, value }: RolloutModels, settings: Settings, promptTokens: number): RolloutExtra {
  const { promptsPerStep, groupSize, maxTokens, innerEpochs, lora, rolloutWeights } = settings;
  const isCopied = lora !== null || rolloutWeights !== 'f32';
  const parameters = total(parameterShapes(policy));
  const sampling: PlannedSampling = { completions: promptsPerStep * groupSize, maxRows: sampledAtOnce, promptTokens, maxNewTokens: maxTokens };
  const tokens = promptsPerStep * (groupSize * maxTokens + promptTokens);
  const policyPasses = forward * (1 + readsOf(settings, value !== undefined));
  const valuePasses = forward + innerEpochs * forwardAndBackward;
  return {
    // Weights in training are fed to every step; copied into the sessions are those under low-rank factors, which do not change,
    // and those in few bits.
    samplingBytes: cacheBytes(policy, sampling) + (isCopied ? frozenCopyBytes(heldBytes(policy, rolloutWeights), sampling, rolloutWeights) : 0),
    rewardBytes: rewardParameters * floatBytes,
    valueBytes: value ? floatBytes * valueNumbers(value, settings) : 0,
    floatingPointOperations: tokens * (policyPasses * parameters + forward * rewardParameters + (value ? valuePasses * total(headed(value.start)) : 0)),
  };
}

/** How often the completions are read again: by the reference, and where both are compared outside the loss by the policy. */
function readsOf({ beta, klBudget }: Settings, isPpo: boolean): number {
  if (isPpo || klBudget !== null) return 2;
  return beta > 0 ? 1 : 0;
}

/**
 * Values that a value model holds: what is trained and its two moments, gradients and their copies on the way back, and the
 * start where that is not the policy, which is counted with the model.
 */
function valueNumbers({ start, ownStart }: NonNullable<RolloutModels['value']>, { lora }: Settings): number {
  const all = headed(start);
  const trained = lora ? total(loraShapes({ ...start, head: 'reward' }, lora)) + sizeOf(all[scoreName]) : total(all);
  return (ownStart ? total(all) : 0) + 5 * trained;
}

const headed = (config: ModelConfig): Record<string, number[]> => parameterShapes({ ...config, head: 'reward' });
const total = (shapes: Readonly<Record<string, readonly number[]>>): number => Object.values(shapes).reduce((sum, shape) => sum + sizeOf(shape), 0);
