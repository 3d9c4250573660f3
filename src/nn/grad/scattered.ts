/**
 * Gradients that are zero but for a few places: what a lookup sends back. Written out they are as large as what was looked
 * up in, a whole vocabulary for every token; these rules use the few places for as long as they can.
 */
import { isOp, type Node } from '../graph.js';
import * as ops from '../ops.js';
import { isZeros } from '../ops.js';

/** Zeros of `shape`, with `updates` added at `indices` along `axis`. */
interface Scattered {
  indices: Node;
  updates: Node;
  axis: number;
  shape: readonly number[];
}

function scattered(g: Node): Scattered | undefined {
  if (isOp(g, 'Reshape')) return scattered(g.inputs[0]);
  if (!isOp(g, 'ScatterAdd')) return undefined;
  const [data, indices, updates] = g.inputs;
  return isZeros(data) ? { indices, updates, axis: g.attrs.axis, shape: g.shape } : undefined;
}

/** dense + part, without writing out the part's zeros; undefined where it is not such a part. */
export function addedOnto(dense: Node, part: Node): Node | undefined {
  const found = scattered(part);
  if (!found) return undefined;
  const { indices, updates, axis, shape } = found;
  return ops.reshape(ops.scatterAdd(ops.reshape(dense, shape), indices, updates, axis), dense.shape);
}

/**
 * y = log softmax(x), of which a few places were looked up: dx = g - softmax(x) sum g, and the sum of g is that of its few
 * updates. Undefined where g is not such a gradient, or of another axis.
 */
export function logSoftmaxOfFew(node: Node<'LogSoftmax'>, g: Node): Node | undefined {
  const { axis } = node.attrs;
  if (!isOp(g, 'ScatterAdd')) return undefined;
  const found = scattered(g);
  if (!found || found.axis !== axis) return undefined;
  const { indices, updates } = found;
  const spread = ops.mul(ops.exp(ops.tie(node, updates)), ops.neg(ops.sum(updates, axis, true)));
  return ops.scatterAdd(spread, indices, updates, axis);
}
