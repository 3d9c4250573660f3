/** The parts of a decoder layer that act on each token alone, as the model's family builds them. */
import { type Node } from '#src/nn/graph.js';
import { add, gather, gelu, layerNorm, matmul, mul, reshape, rmsNorm, silu, slice } from '#src/nn/ops.js';
import { type ModelConfig } from './config.js';
import { familyOf, type LinearRole } from './families.js';
import { loraDelta, type LoraConfig } from './lora-delta.js';
import { linearParameter } from './parameter-shapes.js';
import { quantizedLinear } from './quantize-weights.js';

/** Parameter nodes by Hugging Face name, LoRA factors by PEFT name. */
export type Params = Readonly<Record<string, Node>>;

export interface Model {
  config: ModelConfig;
  params: Params;
  /** Needed when `params` holds LoRA factors. */
  lora?: LoraConfig;
  /** In training graphs with `lora` dropout: its seed, an int32 scalar. Without it, no dropout. */
  noise?: Node;
}

export function param(params: Params, name: string): Node {
  const node = params[name];
  if (!node) throw new RangeError(`parameter "${name}" is missing`);
  return node;
}

/** ids and positions int64 [rows] -> [rows, hidden]; positions are read where the family has learned ones. */
export function embed({ config, params }: Model, ids: Node, positions: Node): Node {
  const { names, positions: kind } = familyOf(config);
  const words = gather(param(params, `${names.embedding}.weight`), ids, 0);
  if (kind === 'rotary') return words;
  return add(words, gather(param(params, `${names.positions}.weight`), positions, 0));
}

/** x [rows, in] -> [rows, out]: x W^T + b, plus the LoRA term where `params` has factors for it. */
export function linear({ config, params, lora, noise }: Model, layer: number, role: LinearRole, x: Node): Node {
  const { weight, bias } = linearParameter(config, layer, role);
  const product =
    quantizedLinear(params, weight, x) ?? matmul(x, param(params, weight), { transB: !familyOf(config).transposed });
  const delta = loraDelta(params, lora, weight, x, noise);
  const sum = delta ? add(product, delta) : product;
  return bias === undefined ? sum : add(sum, param(params, bias));
}

export interface Projections {
  /** [rows, heads * headDim] */
  query: Node;
  /** [rows, kvHeads * headDim] */
  key: Node;
  value: Node;
}

/** Queries, keys and values of x [rows, hidden], before positions are added. */
export function projections(model: Model, layer: number, x: Node): Projections {
  const { config } = model;
  const { linears, headNorm, names } = familyOf(config);
  const queries = config.numHeads * config.headDim;
  const keys = config.numKeyValueHeads * config.headDim;
  if (linears.some(({ role }) => role === 'queryKeyValue')) {
    const fused = linear(model, layer, 'queryKeyValue', x); // [rows, queries + 2 * keys]
    return {
      query: slice(fused, 1, 0, queries),
      key: slice(fused, 1, queries, queries + keys),
      value: slice(fused, 1, queries + keys, queries + 2 * keys),
    };
  }
  const query = linear(model, layer, 'query', x);
  const key = linear(model, layer, 'key', x);
  const value = linear(model, layer, 'value', x);
  if (!headNorm) return { query, key, value };
  const prefix = `${names.layers}${layer}.`;
  return {
    query: normByHead(model, `${prefix}${names.queryNorm}`, query),
    key: normByHead(model, `${prefix}${names.keyNorm}`, key),
    value,
  };
}

/** RMSNorm of each head: x [rows, heads * headDim], weight [headDim]. */
function normByHead({ config, params }: Model, name: string, x: Node): Node {
  const heads = reshape(x, [x.shape[0], -1, config.headDim]);
  return reshape(rmsNorm(heads, param(params, `${name}.weight`), config.rmsNormEps), x.shape);
}

function norm({ config, params }: Model, name: string, x: Node): Node {
  const weight = param(params, `${name}.weight`);
  if (familyOf(config).norm === 'rms') return rmsNorm(x, weight, config.rmsNormEps);
  return layerNorm(x, weight, param(params, `${name}.bias`), config.rmsNormEps);
}

export function inputNorm(model: Model, layer: number, x: Node): Node {
  const { names } = familyOf(model.config);
  return norm(model, `${names.layers}${layer}.${names.inputNorm}`, x);
}

export function finalNorm(model: Model, x: Node): Node {
  return norm(model, familyOf(model.config).names.finalNorm, x);
}

/** SwiGLU or GELU on the normed x: [rows, hidden] -> [rows, hidden]. */
export function feedForward(model: Model, layer: number, x: Node): Node {
  const { names, feedForward: kind } = familyOf(model.config);
  const normed = norm(model, `${names.layers}${layer}.${names.feedForwardNorm}`, x);
  const inner =
    kind === 'gelu'
      ? gelu(linear(model, layer, 'up', normed), 'tanh')
      : mul(silu(linear(model, layer, 'gate', normed)), linear(model, layer, 'up', normed));
  return linear(model, layer, 'down', inner);
}
