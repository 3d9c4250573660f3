import { stridesOf } from '../shapes.js';
import { allocate, sizeOf, type DType, type Tensor } from '../tensor.js';

/**
 * A value of the interpreter: every element type is held in float64, so that finite differences are sharp.
 * Integers are exact to 2^53, far beyond any token id or index.
 */
export interface Value {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export function blank(shape: readonly number[]): Value {
  return { shape, data: new Float64Array(sizeOf(shape)) };
}

export function fromTensor(t: Tensor): Value {
  return { shape: t.shape, data: Float64Array.from(t.data as Float32Array, Number) };
}

export function toTensor(value: Value, dtype: DType): Tensor {
  const data = allocate(dtype, value.data.length);
  value.data.forEach((v, i) => {
    data[i] = data instanceof BigInt64Array ? BigInt(v) : v;
  });
  return { dtype, shape: [...value.shape], data };
}

/** Calls `visit` with every multi-index of a shape, in row-major order; the array is reused. */
export function eachIndex(shape: readonly number[], visit: (index: number[], flat: number) => void): void {
  const index = shape.map(() => 0);
  const total = sizeOf(shape);
  for (let flat = 0; flat < total; flat++) {
    visit(index, flat);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis]) + 1;
      if ((index[axis]) < (shape[axis])) break;
      index[axis] = 0;
    }
  }
}

/** Flat position of an index in a value, with broadcasting from the right. */
export function offsetOf(index: readonly number[], shape: readonly number[]): number {
  const strides = stridesOf(shape);
  const lead = index.length - shape.length;
  return shape.reduce(
    (at, dim, i) => at + (dim === 1 ? 0 : (index[i + lead]) * (strides[i])),
    0,
  );
}

/** Element by element over broadcast inputs. */
export function zip(
  shape: readonly number[],
  inputs: readonly Value[],
  f: (...args: number[]) => number,
): Value {
  const out = blank(shape);
  eachIndex(shape, (index, flat) => {
    out.data[flat] = f(...inputs.map((x) => x.data[offsetOf(index, x.shape)]));
  });
  return out;
}

/** out[i] = x[source(i)]: transposes, slices, gathers. */
export function pick(
  shape: readonly number[],
  x: Value,
  source: (index: readonly number[]) => readonly number[],
): Value {
  const out = blank(shape);
  const strides = stridesOf(x.shape);
  eachIndex(shape, (index, flat) => {
    const from = source(index).reduce((at, i, axis) => at + i * (strides[axis]), 0);
    out.data[flat] = x.data[from];
  });
  return out;
}

/** Applies `f` to every line along an axis. */
export function alongAxis(x: Value, axis: number, f: (line: number[]) => readonly number[]): Value {
  const out = blank(x.shape);
  const step = stridesOf(x.shape)[axis];
  const length = x.shape[axis];
  eachIndex(x.shape, (index, flat) => {
    if (index[axis] !== 0) return;
    const line = Array.from({ length }, (_, i) => x.data[flat + i * step]);
    f(line).forEach((v, i) => {
      out.data[flat + i * step] = v;
    });
  });
  return out;
}
