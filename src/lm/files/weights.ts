/** Weights outside the graph: seeded initialization, and the inputs that they are fed to. */
import { Rng } from '#src/common/rng.js';
import { input, type Node } from '#src/nn/graph.js';
import { f32, sizeOf, type Tensor } from '#src/nn/tensor.js';
import { type ModelConfig } from '../model/config.js';
import { isNormWeight, parameterShapes, scoreName } from '../model/parameter-shapes.js';
import { type Tensors } from './safetensors.js';

/**
 * Normal(0, 0.02), norms one, biases zero; maps that write into the residual stream are scaled by
 * 1 / sqrt(2 * layers) (GPT-2), the reward head by 1 / sqrt(hidden + 1) (Stiennon et al. 2020).
 * Every tensor has its own random stream, so the values do not depend on the order of names.
 */
export function initWeights(config: ModelConfig, seed: string | number): Tensors {
  const root = Rng.from(seed);
  const init = ([name, shape]: [string, number[]]): [string, Tensor] => [
    name,
    f32(initialValues(name, sizeOf(shape), config, root.fork(name)), shape),
  ];
  return Object.fromEntries(Object.entries(parameterShapes(config)).map(init));
}

function initialValues(name: string, size: number, config: ModelConfig, rng: Rng): Float32Array {
  if (isNormWeight(name)) return new Float32Array(size).fill(1);
  if (name.endsWith('.bias')) return new Float32Array(size);
  const std = initialStd(name, config);
  return Float32Array.from({ length: size }, () => std * rng.normal());
}

function initialStd(name: string, config: ModelConfig): number {
  if (name === scoreName) return 1 / Math.sqrt(config.hiddenSize + 1);
  const writesResidual = /\.(o|down|c)_proj\.weight$/.test(name);
  return writesResidual ? 0.02 / Math.sqrt(2 * config.numLayers) : 0.02;
}

/** A reward model's first weights: a policy's trunk with a fresh score head in the place of its LM head. */
export function rewardWeightsFrom(policy: Tensors, config: ModelConfig, seed: string | number): Tensors {
  const reward: ModelConfig = { ...config, head: 'reward' };
  const shape = [1, config.hiddenSize];
  const score = f32(
    initialValues(scoreName, config.hiddenSize, config, Rng.from(seed).fork(scoreName)),
    shape,
  );
  const names = Object.keys(parameterShapes(reward));
  return Object.fromEntries(names.map((name) => [name, name === scoreName ? score : policy[name]]));
}

/**
 * A graph input of its own name for each tensor, trained or not. Training feeds frozen weights too: as a constant each
 * would be copied into every session, through a model file of at most 2 GB, while a fed tensor is read where it lies.
 */
export function inputParams(tensors: Tensors): Record<string, Node<'Input'>> {
  return Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, input(name, 'float32', shape)]));
}
