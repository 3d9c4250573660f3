/**
 * What low-rank factors add to a linear map, in its graph, with dropout on what they read.
 *
 * Dropout on what low-rank factors read (Hu et al. 2021, as in PEFT): y = x W^T + (alpha / rank) d(x) A^T B^T, where
 * d(x)_ij = x_ij / (1 - p) with probability 1 - p and 0 otherwise. The base product sees all of x.
 *
 * What differs from PyTorch: the graph draws by hashing, not from a generator with a state, so that a step is known by its
 * seed alone (resuming, recomputation and every thread count come to the same bits) and no mask has to be fed:
 * h_ij = s r_i c_j mod 2^32, with s the seed of the step, r_i a fixed odd key of the row and c_j one of the input feature,
 * different for every linear map; kept is what has h_ij below a threshold (multiply-shift hashing, Dietzfelbinger et al.
 * 1997). Tokens that a group shares are computed once and so lose the same features for all of the group.
 */
import { Rng } from '#src/common/rng.js';
import { constant, input, type Node } from '#src/nn/graph.js';
import { less, matmul, mul, where } from '#src/nn/ops.js';
import { i32 } from '#src/nn/tensor.js';
import { names } from '#src/nn/train-graph.js';
import { type LinearModule } from './parameter-shapes.js';

export interface LoraConfig {
  rank: number;
  alpha: number;
  /** Those that the model's family does not have are passed over, as PEFT does; one must fit. */
  targetModules: LinearModule[];
  /** Indices of the layers that have factors (PEFT's `layers_to_transform`); all when left out. */
  layers?: number[];
  /** Share of the inputs that training graphs leave out; none when left out. */
  dropout?: number;
}

export const loraScale = ({ rank, alpha }: LoraConfig): number => alpha / rank;

/** PEFT's name of a factor of the base parameter `model.layers.0....weight`. */
export function loraName(baseName: string, factor: 'A' | 'B'): string {
  return `base_model.model.${baseName.replace(/\.weight$/, '')}.lora_${factor}.weight`;
}

export const isLoraName = (name: string): boolean => /\.lora_[AB]\.weight$/.test(name);

/**
 * (alpha / rank) x A^T B^T, or undefined where the base parameter has no factors. x [rows, in] -> [rows, out].
 *
 * @param noise of training graphs: the seed, int32 scalar, of what dropout leaves out of x
 */
export function loraDelta(
  params: Readonly<Record<string, Node>>,
  lora: LoraConfig | undefined,
  baseName: string,
  x: Node,
  noise?: Node,
): Node | undefined {
  const a = params[loraName(baseName, 'A')];
  const b = params[loraName(baseName, 'B')];
  if (!a || !b) return undefined;
  if (!lora) throw new RangeError(`"${baseName}" has LoRA factors but no LoRA config was given`);
  const read = noise && lora.dropout ? dropInputs(x, noise, lora.dropout, baseName) : x;
  const narrow = matmul(read, a, { transB: true }); // [rows, rank]
  return matmul(mul(narrow, loraScale(lora)), b, { transB: true });
}

/** The input of a training graph that the seed of each step comes in by; undefined without dropout. */
export const noiseOf = (lora: { dropout?: number } | undefined): Node<'Input'> | undefined =>
  lora?.dropout ? input(names.noise, 'int32', []) : undefined;

/**
 * @param x float32 [rows, in]
 * @param seed int32 scalar, odd; another one for every step
 * @param rate p, below 1
 * @param map the linear map whose input it is
 */
export function dropInputs(x: Node, seed: Node, rate: number, map: string): Node {
  const [rows, inner] = x.shape;
  const hash = mul(mul(keys('rows', [rows, 1]), seed), keys(map, [1, inner])); // int32 [rows, in], wraps
  return where(less(hash, keptBelow(rate)), mul(x, 1 / (1 - rate)), 0);
}

/** Of hashes, which are uniform over all of int32. */
const keptBelow = (rate: number): number => Math.min(2 ** 31 - 1, Math.round((1 - rate) * 2 ** 32 - 2 ** 31));

function keys(of: string, shape: number[]): Node {
  const rng = Rng.from(`dropout/${of}`);
  return constant(i32(Int32Array.from({ length: shape[0] * shape[1] }, () => rng.int32() | 1), shape));
}
