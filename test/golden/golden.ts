// The golden files of this folder as tensors. tools/oracles/golden_ops.py writes them with PyTorch.
import { readFileSync } from 'node:fs';
import type { ModelConfig } from '#src/lm/model/config.js';
import { f32, type Tensor } from '#src/nn/tensor.js';

export interface Packed {
  shape: number[];
  data: number[];
}
export type PackedTensors = Record<string, Packed>;

export interface OpGolden {
  inputs: PackedTensors;
  output: Packed;
  /** The gradients are those of sum(output * upstream). */
  upstream: Packed;
  gradients: PackedTensors;
}

export interface OpsGolden {
  rmsNorm: OpGolden;
  rotary: OpGolden;
  crossEntropy: OpGolden & { targets: number[] };
  attention: OpGolden;
  /** SwiGLU behind its RMSNorm. */
  feedForward: OpGolden;
}

export interface AdamWGolden {
  settings: TorchAdamW;
  start: Packed;
  steps: { gradient: Packed; param: Packed; m: Packed; v: Packed }[];
}

export interface DecoderGolden {
  config: TorchConfig;
  settings: TorchAdamW & { maxGradNorm: number };
  ids: number[][];
  targets: number[][];
  start: PackedTensors;
  losses: number[];
  gradNorms: number[];
  gradients: PackedTensors;
  /** After as many steps as there are losses. */
  after: PackedTensors;
}

interface TorchAdamW {
  lr: number;
  betas: [number, number];
  eps: number;
  weight_decay: number;
}

interface TorchConfig {
  hidden: number;
  intermediate: number;
  layers: number;
  heads: number;
  kv_heads: number;
  head_dim: number;
  vocab: number;
  tied: boolean;
  eps: number;
  theta: number;
}

export function readGolden<T>(name: 'ops' | 'adamw' | 'decoder'): T {
  return JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), 'utf8')) as T;
}

export function unpack({ shape, data }: Packed): Tensor {
  return f32(data, shape);
}

export function unpackAll(tensors: PackedTensors): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, unpack(tensor)]));
}

export function modelConfig(config: TorchConfig): ModelConfig {
  return {
    hiddenSize: config.hidden,
    intermediateSize: config.intermediate,
    numLayers: config.layers,
    numHeads: config.heads,
    numKeyValueHeads: config.kv_heads,
    headDim: config.head_dim,
    rmsNormEps: config.eps,
    ropeTheta: config.theta,
    vocabSize: config.vocab,
    maxPositionEmbeddings: 64,
    tieWordEmbeddings: config.tied,
    bosTokenId: null,
    eosTokenIds: [],
    padTokenId: null,
    head: 'lm',
  };
}

/**
 * Largest difference of two tensors: absolute for values up to 1, relative above.
 * Infinite when the shapes differ or something is not a number.
 */
export function difference(got: Tensor, wanted: Packed): number {
  if (got.shape.join() !== wanted.shape.join()) return Infinity;
  const gaps = wanted.data.map((value, i) => Math.abs(Number(got.data[i]) - value) / Math.max(1, Math.abs(value)));
  return gaps.some(Number.isNaN) ? Infinity : Math.max(0, ...gaps);
}
