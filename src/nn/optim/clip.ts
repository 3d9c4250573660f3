import { constant, type Node } from '../graph.js';
import { add, div, minimum, sqrt, square, sum } from '../ops.js';
import { scalarTensor } from '../tensor.js';

/** Euclidean norm of all gradients taken together, a scalar. */
export function globalNorm(gradients: readonly Node[]): Node {
  const squares = gradients.map((g) => sum(square(g)));
  return sqrt(squares.reduce((total, part) => add(total, part), constant(scalarTensor(0)) as Node));
}

/** Factor that brings a norm down to `maxNorm`, and 1 below it; PyTorch's clip_grad_norm_ with its 1e-6. */
export function clipFactor(norm: Node, maxNorm: number): Node {
  return minimum(div(maxNorm, add(norm, 1e-6)), 1);
}
