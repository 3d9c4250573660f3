/** The parameters of a model: Hugging Face names in forward order, with shapes [out, in]. */
import { type ModelConfig } from './config.js';

export const embeddingName = 'model.embed_tokens.weight';
export const finalNormName = 'model.norm.weight';
export const lmHeadName = 'lm_head.weight';
export const scoreName = 'score.weight';

export const layerPrefix = (layer: number): string => `model.layers.${layer}.`;

/** The seven linear maps of a layer: what LoRA may target. */
export const linearModules = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj',
] as const;
export type LinearModule = (typeof linearModules)[number];

const attentionModules = new Set<LinearModule>(['q_proj', 'k_proj', 'v_proj', 'o_proj']);

export function linearName(layer: number, module: LinearModule): string {
  const block = attentionModules.has(module) ? 'self_attn' : 'mlp';
  return `${layerPrefix(layer)}${block}.${module}.weight`;
}

function linearShape(config: ModelConfig, module: LinearModule): [number, number] {
  const { hiddenSize: hidden, intermediateSize: inner, headDim } = config;
  const queries = config.numHeads * headDim;
  const keys = config.numKeyValueHeads * headDim;
  const shapes: Record<LinearModule, [number, number]> = {
    q_proj: [queries, hidden],
    k_proj: [keys, hidden],
    v_proj: [keys, hidden],
    o_proj: [hidden, queries],
    gate_proj: [inner, hidden],
    up_proj: [inner, hidden],
    down_proj: [hidden, inner],
  };
  return shapes[module];
}

/** Every parameter the checkpoint must hold. A tied LM head is not a parameter of its own. */
export function parameterShapes(config: ModelConfig): Record<string, number[]> {
  const hidden = config.hiddenSize;
  const shapes: Record<string, number[]> = { [embeddingName]: [config.vocabSize, hidden] };
  for (let layer = 0; layer < config.numLayers; layer++) {
    shapes[`${layerPrefix(layer)}input_layernorm.weight`] = [hidden];
    shapes[`${layerPrefix(layer)}post_attention_layernorm.weight`] = [hidden];
    for (const module of linearModules) shapes[linearName(layer, module)] = linearShape(config, module);
  }
  shapes[finalNormName] = [hidden];
  if (config.head === 'reward') shapes[scoreName] = [1, hidden];
  else if (!config.tieWordEmbeddings) shapes[lmHeadName] = [config.vocabSize, hidden];
  return shapes;
}
