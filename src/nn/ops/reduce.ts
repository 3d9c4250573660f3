import { makeNode, type Node } from '../graph.js';
import { normalizeAxis } from '../shapes.js';
import { requireFloat } from './elementwise.js';
import { GraphError } from '../graph.js';

type ReduceOp = 'Sum' | 'Mean' | 'Max';

function reduce(
  op: ReduceOp,
  x: Node,
  axes: readonly number[] | number | undefined,
  keepDims: boolean,
): Node {
  requireFloat(op, x);
  const asked = axes === undefined ? x.shape.map((_, i) => i) : typeof axes === 'number' ? [axes] : axes;
  const at = [...new Set(asked.map((axis) => normalizeAxis(axis, x.shape.length, op)))].sort((a, b) => a - b);
  if (at.length === 0) return x;
  if (op === 'Max' && at.some((axis) => x.shape[axis] === 0))
    throw new GraphError('Max: nothing to take the maximum of');
  const shape = x.shape.flatMap((dim, i) => (!at.includes(i) ? [dim] : keepDims ? [1] : []));
  return makeNode(op, [x], { axes: at, keepDims }, shape, x.dtype);
}

/** Reductions over the given axes (all of them when left out). */
export const sum = (x: Node, axes?: readonly number[] | number, keepDims = false): Node =>
  reduce('Sum', x, axes, keepDims);
export const mean = (x: Node, axes?: readonly number[] | number, keepDims = false): Node =>
  reduce('Mean', x, axes, keepDims);
/** Equal maxima share the gradient evenly. */
export const max = (x: Node, axes?: readonly number[] | number, keepDims = false): Node =>
  reduce('Max', x, axes, keepDims);

export function softmax(x: Node, axis: number): Node {
  requireFloat('Softmax', x);
  return makeNode('Softmax', [x], { axis: normalizeAxis(axis, x.shape.length, 'Softmax') }, x.shape, x.dtype);
}

export function logSoftmax(x: Node, axis: number): Node {
  requireFloat('LogSoftmax', x);
  return makeNode(
    'LogSoftmax',
    [x],
    { axis: normalizeAxis(axis, x.shape.length, 'LogSoftmax') },
    x.shape,
    x.dtype,
  );
}
