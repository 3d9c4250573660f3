/**
 * The parameters of a model: Hugging Face names in forward order, with shapes. Linear weights are [out, in],
 * or [in, out] in a family that stores them transposed.
 */
import { type ModelConfig } from './config.js';
import { families, familyOf, type LinearMap, type LinearRole } from './families.js';

/** Names of the families with rotary positions (Llama, Qwen). */
export const embeddingName = `${families.llama.names.embedding}.weight`;
const layerPrefix = (layer: number): string => `${families.llama.names.layers}${layer}.`;

/** Name of the token embedding in any family. */
export const embeddingOf = (config: Pick<ModelConfig, 'family'>): string => `${familyOf(config).names.embedding}.weight`;

/** Names that all families share. */
export const lmHeadName = 'lm_head.weight';
export const scoreName = 'score.weight';

/** The linear maps of a layer by PEFT's names: what LoRA may target. The last three are GPT-2's. */
export const linearModules = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj',
  'c_attn',
  'c_proj',
  'c_fc',
] as const;
export type LinearModule = (typeof linearModules)[number];

export const moduleOf = ({ path }: LinearMap): LinearModule =>
  path.slice(path.lastIndexOf('.') + 1) as LinearModule;

/** Weight of a linear map of Llama or Qwen. */
export function linearName(layer: number, module: LinearModule): string {
  const map = families.llama.linears.find((candidate) => moduleOf(candidate) === module);
  if (!map) throw new RangeError(`"${module}" is not a linear map of the Llama family`);
  return `${layerPrefix(layer)}${map.path}.weight`;
}

/** Weights of a layer that a module's name stands for: in GPT-2 `c_proj` is two of them. */
export function linearNames(config: ModelConfig, layer: number, module: LinearModule): string[] {
  const { linears, names } = familyOf(config);
  return linears
    .filter((map) => moduleOf(map) === module)
    .map(({ path }) => `${names.layers}${layer}.${path}.weight`);
}

/** Names of the map that does `role` in a layer. Throws RangeError when the family has none. */
export function linearParameter(
  config: ModelConfig,
  layer: number,
  role: LinearRole,
): { weight: string; bias?: string } {
  const { linears, names, modelType } = familyOf(config);
  const map = linears.find((candidate) => candidate.role === role);
  if (!map) throw new RangeError(`the family ${modelType} has no ${role} map`);
  const path = `${names.layers}${layer}.${map.path}`;
  return { weight: `${path}.weight`, ...(map.bias ? { bias: `${path}.bias` } : {}) };
}

/** [out, in] of a linear map, whatever way its weight is stored. */
function linearSize(config: ModelConfig, role: LinearRole): [number, number] {
  const { hiddenSize: hidden, intermediateSize: inner, headDim } = config;
  const queries = config.numHeads * headDim;
  const keys = config.numKeyValueHeads * headDim;
  const sizes: Record<LinearRole, [number, number]> = {
    query: [queries, hidden],
    key: [keys, hidden],
    value: [keys, hidden],
    queryKeyValue: [queries + 2 * keys, hidden],
    output: [hidden, queries],
    gate: [inner, hidden],
    up: [inner, hidden],
    down: [hidden, inner],
  };
  return sizes[role];
}

/** Every parameter the checkpoint must hold. A tied LM head is not a parameter of its own. */
export function parameterShapes(config: ModelConfig): Record<string, number[]> {
  const { names, linears, norm, positions, headNorm, transposed } = familyOf(config);
  const { hiddenSize: hidden, headDim } = config;
  const shapes: Record<string, number[]> = { [`${names.embedding}.weight`]: [config.vocabSize, hidden] };
  if (positions === 'learned') shapes[`${names.positions}.weight`] = [config.maxPositionEmbeddings, hidden];
  const addNorm = (name: string): void => {
    shapes[`${name}.weight`] = [hidden];
    if (norm === 'layer') shapes[`${name}.bias`] = [hidden];
  };
  for (let layer = 0; layer < config.numLayers; layer++) {
    const prefix = `${names.layers}${layer}.`;
    addNorm(`${prefix}${names.inputNorm}`);
    addNorm(`${prefix}${names.feedForwardNorm}`);
    for (const { role, path, bias } of linears) {
      const [out, inner] = linearSize(config, role);
      shapes[`${prefix}${path}.weight`] = transposed ? [inner, out] : [out, inner];
      if (bias) shapes[`${prefix}${path}.bias`] = [out];
    }
    if (headNorm) {
      shapes[`${prefix}${names.queryNorm}.weight`] = [headDim];
      shapes[`${prefix}${names.keyNorm}.weight`] = [headDim];
    }
  }
  addNorm(names.finalNorm);
  if (config.head === 'reward') shapes[scoreName] = [1, hidden];
  else if (!config.tieWordEmbeddings) shapes[lmHeadName] = [config.vocabSize, hidden];
  return shapes;
}

export const isNormWeight = (name: string): boolean => /(norm|\.ln_\w+)\.weight$/.test(name);

/** Weight decay acts on matrices; norms and biases are left alone. */
export const isDecayed = (name: string): boolean => !isNormWeight(name) && !name.endsWith('.bias');

/**
 * What a tensor of a file is called here, undefined when it only repeats what follows from the configuration.
 * Files of a bare trunk (the usual ones of GPT-2) lack its prefix.
 */
export function parameterName(config: ModelConfig, name: string): string | undefined {
  const { names, derived } = familyOf(config);
  if (derived.test(name)) return undefined;
  if (name === lmHeadName && config.head === 'lm' && config.tieWordEmbeddings) return undefined;
  const isComplete = name.startsWith(names.trunk) || name === lmHeadName || name === scoreName;
  return isComplete ? name : `${names.trunk}${name}`;
}
