import { GraphError, makeNode, show, type Node } from '../graph.js';
import { broadcastShapes, sameShape } from '../shapes.js';
import { requireFloat } from './elementwise.js';
import { reshape } from './shape.js';

export interface MatMulOptions {
  /** Multiply with the transpose of a's (b's) last two axes. */
  readonly transA?: boolean;
  readonly transB?: boolean;
}

/**
 * softmax(scores) value, the second half of attention: scores [..., rows, keys], value [..., keys, width] of the same leading
 * axes -> [..., rows, width]. One operator, because its gradient with respect to the scores is simpler than the softmax's alone.
 */
export function softmaxMatmul(scores: Node, value: Node): Node {
  requireFloat('SoftmaxMatMul', scores);
  requireFloat('SoftmaxMatMul', value);
  const [rank, last] = [scores.shape.length, value.shape.length];
  const fits = rank > 2 && rank === last && sameShape(scores.shape.slice(0, -2), value.shape.slice(0, -2)) && scores.shape[rank - 1] === value.shape[rank - 2];
  if (!fits) throw new GraphError(`SoftmaxMatMul: scores ${show(scores.shape)} do not weigh ${show(value.shape)}`);
  return makeNode('SoftmaxMatMul', [scores, value], {}, [...scores.shape.slice(0, -1), value.shape[last - 1]], 'float32');
}

/** The weights that softmaxMatmul applied, of the shape of its scores; for backward rules. */
export function softmaxWeights(node: Node): Node {
  return makeNode('Output', [node], { index: 1 }, node.inputs[0].shape, 'float32');
}

/**
 * Matrix product over the last two axes; leading axes broadcast.
 * With a matrix on the right the rows of `a` are flattened first, so that it stays one Gemm, forward and
 * backward.
 */
export function matmul(a: Node, b: Node, { transA = false, transB = false }: MatMulOptions = {}): Node {
  requireFloat('MatMul', a);
  requireFloat('MatMul', b);
  const ra = a.shape.length;
  const rb = b.shape.length;
  if (ra < 2 || rb < 2)
    throw new GraphError(`MatMul: ${show(a.shape)} and ${show(b.shape)} need two axes each`);
  const [ka, m] = transA ? [a.shape[ra - 2], a.shape[ra - 1]] : [a.shape[ra - 1], a.shape[ra - 2]];
  const [kb, n] = transB ? [b.shape[rb - 1], b.shape[rb - 2]] : [b.shape[rb - 2], b.shape[rb - 1]];
  if (ka !== kb) {
    const flags = `${transA ? ', a transposed' : ''}${transB ? ', b transposed' : ''}`;
    throw new GraphError(`MatMul: inner sizes of ${show(a.shape)} and ${show(b.shape)} differ${flags}`);
  }
  if (ra > 2 && rb === 2 && !transA) {
    const rows = matmul(reshape(a, [-1, ka]), b, { transB });
    return reshape(rows, [...a.shape.slice(0, -1), n]);
  }
  const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2), 'MatMul');
  return makeNode('MatMul', [a, b], { transA, transB }, [...batch, m, n], 'float32');
}
