import { constant, elementCount, GraphError, isOp, makeNode, show, type Node } from '../graph.js';
import { broadcastShapes, normalizeAxis, sameShape } from '../shapes.js';
import { i64, sizeOf } from '../tensor.js';
import { add, cast, less } from './elementwise.js';

export function transpose(x: Node, perm: readonly number[]): Node {
  const axes = perm.map((axis) => normalizeAxis(axis, x.shape.length, 'Transpose'));
  if (axes.length !== x.shape.length || new Set(axes).size !== axes.length) {
    throw new GraphError(`Transpose: ${show(perm)} does not permute the axes of ${show(x.shape)}`);
  }
  return makeNode(
    'Transpose',
    [x],
    { perm: axes },
    axes.map((axis) => x.shape[axis]),
    x.dtype,
  );
}

/** Same elements, another shape; one dimension may be -1 and is worked out. */
export function reshape(x: Node, shape: readonly number[]): Node {
  const known = sizeOf(shape.filter((dim) => dim !== -1));
  const target = shape.map((dim) => (dim === -1 ? elementCount(x) / known : dim));
  if (
    shape.filter((dim) => dim === -1).length > 1 ||
    sizeOf(target) !== elementCount(x) ||
    !target.every(Number.isInteger)
  ) {
    throw new GraphError(`Reshape: ${show(x.shape)} does not fit into ${show(shape)}`);
  }
  return sameShape(x.shape, target) ? x : makeNode('Reshape', [x], {}, target, x.dtype);
}

export function concat(xs: readonly Node[], axis: number): Node {
  const first = xs[0];
  if (!first) throw new GraphError('Concat: no inputs');
  const at = normalizeAxis(axis, first.shape.length, 'Concat');
  for (const x of xs) {
    const fits =
      x.shape.length === first.shape.length && x.shape.every((dim, i) => i === at || dim === first.shape[i]);
    if (!fits || x.dtype !== first.dtype) {
      throw new GraphError(`Concat: ${show(x.shape)} does not join ${show(first.shape)} on axis ${axis}`);
    }
  }
  if (xs.length === 1) return first;
  const length = xs.reduce((sum, x) => sum + (x.shape[at]), 0);
  return makeNode(
    'Concat',
    xs,
    { axis: at },
    first.shape.map((dim, i) => (i === at ? length : dim)),
    first.dtype,
  );
}

/** Elements start..end-1 of one axis; negative bounds count from the end. */
export function slice(x: Node, axis: number, start: number, end: number): Node {
  const at = normalizeAxis(axis, x.shape.length, 'Slice');
  const length = x.shape[at];
  const from = start < 0 ? start + length : start;
  const to = end < 0 ? end + length : Math.min(end, length);
  if (from < 0 || from > to)
    throw new GraphError(`Slice: ${start}..${end} is not inside ${show(x.shape)} axis ${axis}`);
  if (from === 0 && to === length) return x;
  return makeNode(
    'Slice',
    [x],
    { axis: at, start: from, end: to },
    x.shape.map((d, i) => (i === at ? to - from : d)),
    x.dtype,
  );
}

/** Zeros before and after along one axis: the transpose of `slice`. */
export function pad(x: Node, axis: number, before: number, after: number): Node {
  const at = normalizeAxis(axis, x.shape.length, 'Pad');
  if (before < 0 || after < 0) throw new GraphError(`Pad: negative padding ${before}, ${after}`);
  if (before === 0 && after === 0) return x;
  const shape = x.shape.map((dim, i) => (i === at ? dim + before + after : dim));
  return makeNode('Pad', [x], { axis: at, before, after }, shape, x.dtype);
}

export function expand(x: Node, shape: readonly number[]): Node {
  if (sameShape(x.shape, shape)) return x;
  if (!sameShape(broadcastShapes(x.shape, shape, 'Expand'), shape)) {
    throw new GraphError(`Expand: ${show(x.shape)} does not broadcast to ${show(shape)}`);
  }
  return makeNode('Expand', [x], {}, shape, x.dtype);
}

function requireIndices(op: 'Gather' | 'GatherElements' | 'ScatterAdd', indices: Node): void {
  if (indices.dtype !== 'int64' && indices.dtype !== 'int32') {
    throw new GraphError(`${op}: indices must be integers, got ${indices.dtype}`);
  }
}

/** Picks whole slices: result shape = x.shape with `axis` replaced by indices.shape. */
export function gather(x: Node, indices: Node, axis: number): Node {
  requireIndices('Gather', indices);
  const at = normalizeAxis(axis, x.shape.length, 'Gather');
  const shape = [...x.shape.slice(0, at), ...indices.shape, ...x.shape.slice(at + 1)];
  return makeNode('Gather', [x, indices], { axis: at }, shape, x.dtype);
}

/** Picks single elements along an axis: result has the shape of `indices` (same rank as x). */
export function gatherElements(x: Node, indices: Node, axis: number): Node {
  requireIndices('GatherElements', indices);
  const at = normalizeAxis(axis, x.shape.length, 'GatherElements');
  const fits =
    indices.shape.length === x.shape.length &&
    indices.shape.every((dim, i) => i === at || dim <= (x.shape[i]));
  if (!fits)
    throw new GraphError(`GatherElements: indices ${show(indices.shape)} do not fit ${show(x.shape)}`);
  return makeNode('GatherElements', [x, indices], { axis: at }, indices.shape, x.dtype);
}

/** data with `updates` added at `indices` along an axis; repeated indices add up. */
export function scatterAdd(data: Node, indices: Node, updates: Node, axis: number): Node {
  requireIndices('ScatterAdd', indices);
  const at = normalizeAxis(axis, data.shape.length, 'ScatterAdd');
  if (!sameShape(indices.shape, updates.shape) || indices.shape.length !== data.shape.length) {
    throw new GraphError(
      `ScatterAdd: indices ${show(indices.shape)}, updates ${show(updates.shape)}, data ${show(data.shape)}`,
    );
  }
  return makeNode('ScatterAdd', [data, indices, updates], { axis: at }, data.shape, data.dtype);
}

/** The value of x, through which no gradient flows. */
export function stopGradient(x: Node): Node {
  return x.op === 'StopGradient' ? x : makeNode('StopGradient', [x], {}, x.shape, x.dtype);
}

/**
 * Zero as a scalar that nevertheless depends on `after`, so the runtime cannot fold it or schedule it
 * earlier.
 * It is "an element is less than itself", which is false for infinities and NaN too.
 */
export function zeroAfter(after: Node): Node {
  const element = gather(reshape(stopGradient(after), [-1]), constant(i64([0], [])), 0);
  const number = element.dtype === 'bool' ? cast(element, 'float32') : element;
  return cast(less(number, number), 'float32');
}

/** Whether all of a node is such a zero, expanded. */
export function isZeros(node: Node): boolean {
  if (!isOp(node, 'Expand')) return false;
  const [zero] = node.inputs;
  return isOp(zero, 'Cast') && isOp(zero.inputs[0], 'Less') && zero.inputs[0].inputs[0] === zero.inputs[0].inputs[1];
}

/**
 * x, computed no earlier than `after`: x + 0 * (one element of `after`).
 * The runtime schedules by data dependence alone, and without such ties a training graph keeps every
 * activation alive until the end.
 */
export function tie(x: Node, after: Node): Node {
  return add(x, zeroAfter(after));
}
