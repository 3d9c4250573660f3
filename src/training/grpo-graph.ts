/** The graph from a packed batch to the GRPO loss, and the forward half of it alone for the reference policy. */
import { inputParams } from '#src/lm/weights.js';
import { chunkTokens, tokensAt, type TokenLogProbs } from '#src/lm/token-log-probs.js';
import { decoderForward, type Model } from '#src/lm/transformer.js';
import { isLoraName, type LoraConfig } from '#src/lm/lora.js';
import { type ModelConfig } from '#src/lm/config.js';
import { type Tensors } from '#src/lm/safetensors.js';
import { input, type Node } from '#src/nn/graph.js';
import { div, mul, sum } from '#src/nn/ops.js';
import { type Feeds } from '#src/nn/session.js';
import { type TrainGraph } from '#src/nn/train-graph.js';
import { grpoLoss, type GrpoOptions } from './grpo.js';

export interface GrpoModel {
  config: ModelConfig;
  /** Base weights, and LoRA factors when `lora` is given; then only these are trained. */
  tensors: Tensors;
  lora?: LoraConfig;
}

export interface GrpoGraphOptions extends GrpoOptions {
  /** Of the sampling: the policy that wrote the completions is softmax(logits / temperature). */
  temperature: number;
  /** Keep only the hidden states between layers and compute the rest again on the way back. */
  gradientCheckpointing: boolean;
}

/**
 * Log-probability and entropy (nats) of each completion token, both [slots]; `kept` are the hidden states between
 * layers and the results of chunks of tokens.
 * Feeds: those of a `GrpoBatch`.
 */
export function policyTokens(
  model: Model,
  batch: Feeds,
  temperature: number,
  tokensAtOnce?: number,
): TokenLogProbs {
  const at = (name: string) => inputLike(name, batch);
  const { hidden, blocks } = decoderForward(model, at('ids'), {
    positions: at('positions'),
    mask: at('attentionMask'),
  });
  const tokens = tokensAt(model, hidden, at('predictedAt'), at('targets'), { temperature, tokensAtOnce });
  return { ...tokens, kept: [...blocks, hidden, ...tokens.kept] };
}

/**
 * For `TrainStep`. `refLogProbs` and `oldLogProbs` [slots] are part of the loss when they are fed. The metric
 * `logProbs` [slots] is what the policy gave its tokens before the step: the old log-probabilities of later steps
 * on the same completions.
 */
export function grpoGraph(
  { config, tensors, lora }: GrpoModel,
  batch: Feeds,
  options: GrpoGraphOptions,
): TrainGraph {
  const params = inputParams(tensors);
  const { temperature, gradientCheckpointing } = options;
  const atOnce = gradientCheckpointing ? chunkTokens(config.vocabSize) : undefined;
  const { logProbs, entropies, kept } = policyTokens({ config, params, lora }, batch, temperature, atOnce);
  const [mask, tokens] = [inputLike('mask', batch), inputLike('tokens', batch)];
  const fed = (name: string): Node | undefined => (batch[name] ? inputLike(name, batch) : undefined);
  const { loss, ...metrics } = grpoLoss(
    {
      logProbs,
      oldLogProbs: fed('oldLogProbs'),
      refLogProbs: fed('refLogProbs'),
      advantages: inputLike('advantages', batch),
      mask,
      tokens,
    },
    options,
  );
  return {
    loss,
    metrics: { ...metrics, entropy: div(sum(mul(entropies, mask)), tokens), logProbs },
    keep: gradientCheckpointing ? kept : [],
    trainable: Object.fromEntries(Object.entries(params).filter(([name]) => !lora || isLoraName(name))),
  };
}

const inputLike = (name: string, batch: Feeds): Node => input(name, batch[name].dtype, batch[name].shape);
