import { elementCount, type Node } from '../graph.js';
import * as ops from '../ops.js';
import { sizeOf } from '../tensor.js';
import { indicator } from './elementwise-rules.js';

export function transposeRule(node: Node<'Transpose'>, g: Node): Node[] {
  const { perm } = node.attrs;
  return [
    ops.transpose(
      g,
      perm.map((_, axis) => perm.indexOf(axis)),
    ),
  ];
}

export function concatRule(node: Node<'Concat'>, g: Node): Node[] {
  const { axis } = node.attrs;
  let start = 0;
  return node.inputs.map((x) => {
    const end = start + (x.shape[axis]);
    const part = ops.slice(g, axis, start, end);
    start = end;
    return part;
  });
}

/**
 * Zeros that depend on g: constant ones would be folded into the model, a whole vocabulary matrix at a time.
 */
function zerosAfter(g: Node, shape: readonly number[]): Node {
  return ops.expand(ops.zeroAfter(g), shape);
}

/** Embedding lookup backward: the rows of g are added up at their indices. */
export function gatherRule(node: Node<'Gather'>, g: Node): (Node | null)[] {
  const [x, indices] = node.inputs as [Node, Node];
  const { axis } = node.attrs;
  const outer = sizeOf(x.shape.slice(0, axis));
  const inner = sizeOf(x.shape.slice(axis + 1));
  const picked = elementCount(indices);
  const rows = ops.reshape(g, [outer, picked, inner]);
  const at = ops.expand(ops.reshape(indices, [1, picked, 1]), [outer, picked, inner]);
  const blank = zerosAfter(g, [outer, x.shape[axis], inner]);
  return [ops.reshape(ops.scatterAdd(blank, at, rows, 1), x.shape), null];
}

export function gatherElementsRule(node: Node<'GatherElements'>, g: Node): (Node | null)[] {
  const [x, indices] = node.inputs as [Node, Node];
  return [ops.scatterAdd(zerosAfter(g, x.shape), indices, g, node.attrs.axis), null];
}

type Reduction = Node<'Sum'> | Node<'Mean'> | Node<'Max'>;

/** A reduced value with its lost axes back as ones. */
function kept(node: Reduction, value: Node): Node {
  const x = node.inputs[0];
  return ops.reshape(
    value,
    x.shape.map((dim, i) => (node.attrs.axes.includes(i) ? 1 : dim)),
  );
}

export function sumRule(node: Node<'Sum'>, g: Node): Node[] {
  return [ops.expand(kept(node, g), (node.inputs[0]).shape)];
}

export function meanRule(node: Node<'Mean'>, g: Node): Node[] {
  const x = node.inputs[0];
  const share = elementCount(node) / elementCount(x);
  return [ops.expand(kept(node, ops.mul(g, share)), x.shape)];
}

export function maxRule(node: Node<'Max'>, g: Node): Node[] {
  const x = node.inputs[0];
  const hit = indicator(ops.equal(x, kept(node, node)));
  return [ops.mul(hit, ops.div(kept(node, g), ops.sum(hit, node.attrs.axes, true)))];
}
