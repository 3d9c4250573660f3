import { GraphError, show } from './graph.js';

/** Numpy broadcasting of two shapes; throws a GraphError naming `op` when they do not fit. */
export function broadcastShapes(a: readonly number[], b: readonly number[], op = 'broadcast'): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const da = a[i - rank + a.length] ?? 1;
    const db = b[i - rank + b.length] ?? 1;
    if (da !== db && da !== 1 && db !== 1) {
      throw new GraphError(`${op}: shapes ${show(a)} and ${show(b)} do not broadcast`);
    }
    return da === 1 ? db : da;
  });
}

/** A possibly negative axis as an index into a shape of the given rank. */
export function normalizeAxis(axis: number, rank: number, op: string): number {
  const at = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(at) || at < 0 || at >= rank) {
    throw new GraphError(`${op}: axis ${axis} is outside a tensor of rank ${rank}`);
  }
  return at;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** Row-major strides in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}
