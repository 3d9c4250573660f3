/** The part of a training graph that all methods share: from packed completions to what the policy gives their tokens. */
import { type ModelConfig } from '#src/lm/model/config.js';
import { isLoraName, type LoraConfig, noiseOf } from '#src/lm/model/lora-delta.js';
import { type Tensors } from '#src/lm/files/safetensors.js';
import { chunkTokens, tokensAt } from '#src/lm/model/token-log-probs.js';
import { isTrainedParameter, lowestTrainedLayer, type TrainedLayers } from '#src/lm/lora/trained-layers.js';
import { decoderForward, type Model } from '#src/lm/model/transformer.js';
import { inputParams } from '#src/lm/files/weights.js';
import { input, type Node } from '#src/nn/graph.js';
import { type Feeds } from '#src/nn/session.js';
import { type TrainGraph } from '#src/nn/train-graph.js';
import { type Sampled } from '../losses/sampling-correction.js';

export interface PolicyModel {
  config: ModelConfig;
  /** Base weights, and LoRA factors when `lora` is given; then only these are trained. */
  tensors: Tensors;
  lora?: LoraConfig;
  /** The last so many layers; all when left out (lm/trained-layers.ts). */
  trainedLayers?: TrainedLayers;
  /** For a training step, with dropout in `lora`; not for evaluation. */
  inTraining?: boolean;
}

export interface PolicyTokens {
  /** int64 [slots] */
  targets: Node;
  /** float32 [slots, vocab], divided by the temperature. */
  logits: Node;
  /** float32 [slots] */
  logProbs: Node;
  /** Nats, float32 [slots]. */
  entropies: Node;
  /** Hidden states between layers and results of chunks of tokens: what recomputation keeps. */
  kept: Node[];
}

/**
 * What a policy gives each completion token, `tokensAtOnce` or all. Feeds: those of a `CompletionBatch`; with `hidden` float32
 * [rows, time, hidden] among them, the graph begins at the lowest trained layer.
 */
export function policyTokens(
  model: Model & Pick<PolicyModel, 'trainedLayers'>,
  batch: Feeds,
  temperature: number,
  tokensAtOnce?: number,
): PolicyTokens {
  const at = (name: string) => inputLike(name, batch);
  const layout = { positions: at('positions'), mask: at('attentionMask') };
  const start = 'hidden' in batch ? { layer: lowestTrainedLayer(model.config, model.trainedLayers), hidden: at('hidden') } : at('ids');
  const { hidden, blocks } = decoderForward(model, start, layout, { wanted: at('predictedAt') });
  const targets = at('targets');
  const tokens = tokensAt(model, hidden, targets, { temperature, tokensAtOnce });
  return { ...tokens, targets, kept: [...blocks, hidden, ...tokens.kept] };
}

export interface PolicyGraphOptions {
  temperature: number;
  /** Keep only the hidden states between layers and compute the rest again on the way back. */
  gradientCheckpointing: boolean;
}

/** A training graph: the policy's tokens, and a loss and figures on them. */
export function policyGraph(
  { config, tensors, lora, trainedLayers, inTraining }: PolicyModel,
  batch: Feeds,
  { temperature, gradientCheckpointing }: PolicyGraphOptions,
  lossOf: (tokens: PolicyTokens) => Pick<TrainGraph, 'loss' | 'metrics'>,
): TrainGraph {
  const params = inputParams(tensors);
  const atOnce = gradientCheckpointing ? chunkTokens(config.vocabSize) : undefined;
  const noise = inTraining ? noiseOf(lora) : undefined;
  const tokens = policyTokens({ config, params, lora, trainedLayers, noise }, batch, temperature, atOnce);
  const isTrained = (name: string): boolean => (lora ? isLoraName(name) : isTrainedParameter(config, trainedLayers, name));
  return {
    ...lossOf(tokens),
    keep: gradientCheckpointing ? tokens.kept : [],
    trainable: Object.fromEntries(Object.entries(params).filter(([name]) => isTrained(name))),
    noise,
  };
}

/** A new input: each name may be asked for once in a graph. */
export const inputLike = (name: string, batch: Feeds): Node => input(name, batch[name].dtype, batch[name].shape);

/** Of a batch's tokens, if a quantized copy of the policy sampled them. */
export const sampledIn = (batch: Feeds, ratioMax: number): Sampled | undefined =>
  batch.sampledLogProbs && { logProbs: inputLike('sampledLogProbs', batch), ratioMax };
