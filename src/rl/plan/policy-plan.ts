/**
 * Estimates what training a policy needs from the graph of its heaviest step, without running it. The loss of a method
 * costs next to nothing beside the model, so that one graph stands for all methods; what else a method holds in memory
 * (samples in the making, reward and value models) is counted from its sizes.
 */
import { type ModelConfig } from '#src/lm/model/config.js';
import { loraShapes } from '#src/lm/lora/lora.js';
import { attentionCost } from '#src/lm/text/packing.js';
import { parameterShapes } from '#src/lm/model/parameter-shapes.js';
import { type Tensors } from '#src/lm/files/safetensors.js';
import { loraOf, type TrainedLayers } from '#src/lm/lora/trained-layers.js';
import { planTraining, type PlannedRuns, type TrainingPlan } from './training-plan.js';
import { countTokens, tokenParts, type CompletionGroup } from '../batch/completion-batch.js';
import { type OptimizerSettings } from '../settings.js';
import { packSft, sftGraph } from '../methods/sft.js';

export interface PolicyPlan extends Omit<TrainingPlan, 'bytes'>, PlannedRuns {
  bytes: TrainingPlan['bytes'] & {
    /** Bytes of the last good copies of the trained weights. */
    lastGood: number;
  };
}

type Settings = Pick<OptimizerSettings, 'lora' | 'microBatchTokens' | 'gradientCheckpointing'> & { trainedLayers?: TrainedLayers };

/** Hidden states of frozen layers that a run keeps. */
export interface PlannedTrunk {
  /** Whether steps begin with them, and not with token ids. */
  inSteps: boolean;
  bytes: number;
}

/** A larger part is planned as a fraction of so many tokens, and scaled: batches are made of rows that cost the same. */
const tokensPlanned = 8192;
const floatBytes = 4;
const copiesKept = 2;

/** @param groups of one step, the heaviest there can be */
export function planPolicyTraining(
  config: ModelConfig,
  groups: readonly CompletionGroup[],
  settings: Settings,
  trunk: PlannedTrunk = { inSteps: false, bytes: 0 },
): PolicyPlan {
  const parts = tokenParts(groups, settings.microBatchTokens);
  const heaviest = parts.reduce((largest, part) => (tokensOf(part) > tokensOf(largest) ? part : largest));
  const sample = fractionOf(heaviest);
  const [{ rows, time, feeds }] = packSft(sample, null, attentionCost(config));
  const { trainedLayers } = settings;
  const lora = loraOf(config, settings.lora, trainedLayers);
  const graph = sftGraph(
    { config, lora, trainedLayers, inTraining: true, tensors: weightless({ ...parameterShapes(config), ...(lora ? loraShapes(config, lora) : {}) }) },
    { ...feeds, ...(trunk.inSteps ? weightless({ hidden: [rows, time, config.hiddenSize] }) : {}) },
    settings.gradientCheckpointing,
  );
  const scale = tokensOf(heaviest) / tokensOf(sample);
  const { bytes, floatingPointOperations, ...counts } = planTraining(config, graph, { scale, trunkBytes: trunk.bytes });
  const lastGood = copiesKept * counts.trainedParameters * floatBytes;
  return {
    ...counts,
    bytes: { ...bytes, lastGood, peak: bytes.peak + lastGood },
    floatingPointOperations: Math.round((floatingPointOperations * tokensOf(groups)) / tokensOf(heaviest)),
    tokens: tokensOf(groups),
    runsPerStep: parts.length,
    operationsPerRun: floatingPointOperations,
  };
}

export const tokensOf = (groups: readonly CompletionGroup[]): number =>
  groups.reduce((total, { promptIds, completions }) => total + promptIds.length + countTokens(completions), 0);

/** The first groups, or some completions of the first. */
function fractionOf(groups: readonly CompletionGroup[]): CompletionGroup[] {
  const kept: CompletionGroup[] = [];
  for (const group of groups) {
    if (kept.length > 0 && tokensOf([...kept, group]) > tokensPlanned) break;
    kept.push(group);
  }
  const [{ promptIds, completions }] = kept;
  if (tokensOf(kept) <= tokensPlanned) return kept;
  const each = countTokens(completions) / completions.length;
  return [{ promptIds, completions: completions.slice(0, Math.max(1, Math.floor((tokensPlanned - promptIds.length) / each))) }];
}

/** Tensors that have shapes and no values: graphs are built from shapes. */
function weightless(shapes: Readonly<Record<string, number[]>>): Tensors {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { dtype: 'float32' as const, shape, data: new Float32Array(0) }]));
}
