/**
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
import { less, mul, where } from '#src/nn/ops.js';
import { i32 } from '#src/nn/tensor.js';
import { names } from '#src/nn/train-graph.js';

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
