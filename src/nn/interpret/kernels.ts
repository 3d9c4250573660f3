import type { Node, Op } from '../graph.js';
import { layerNorm, rmsNorm, rotary } from './model-kernels.js';
import { alongAxis, blank, eachIndex, fromTensor, offsetOf, pick, zip, type Value } from './value.js';

/** Computes a node from its inputs; ops with side outputs give them all, the node's own value first. */
type Kernel<O extends Op> = (node: Node<O>, inputs: readonly Value[]) => Value | readonly Value[];

function map(f: (...args: number[]) => number) {
  return (node: Node, inputs: readonly Value[]): Value => zip(node.shape, inputs, f);
}

function unreachable(node: Node): never {
  throw new Error(`${node.op} is resolved before the kernels`);
}

function sameData(node: Node, inputs: readonly Value[]): Value {
  return { shape: node.shape, data: (inputs[0]).data };
}

function matMul(node: Node<'MatMul'>, inputs: readonly Value[]): Value {
  return product(node.shape, inputs, node.attrs);
}

function product(shape: readonly number[], [x, y]: readonly Value[], { transA, transB }: { transA: boolean; transB: boolean }): Value {
  const inner = x.shape[x.shape.length - (transA ? 2 : 1)];
  const out = blank(shape);
  eachIndex(shape, (index, flat) => {
    const batch = index.slice(0, -2);
    const [row, column] = index.slice(-2) as [number, number];
    let sum = 0;
    for (let k = 0; k < inner; k++) {
      const left = offsetOf([...batch, ...(transA ? [k, row] : [row, k])], x.shape);
      const right = offsetOf([...batch, ...(transB ? [column, k] : [k, column])], y.shape);
      sum += (x.data[left]) * (y.data[right]);
    }
    out.data[flat] = sum;
  });
  return out;
}

function quantizedMatMul(node: Node<'MatMulNBits'>, [x, packed, scales]: readonly Value[]): Value {
  const { bits, blockSize } = node.attrs;
  const out = blank(node.shape);
  const k = x.shape[1];
  const perByte = 8 / bits;
  eachIndex(node.shape, ([row, column], flat) => {
    for (let i = 0; i < k; i++) {
      const at = column * k + i;
      const byte = packed.data[Math.floor(at / perByte)];
      const stored = Math.floor(byte / 2 ** (bits * (at % perByte))) % 2 ** bits;
      const weight = (stored - 2 ** (bits - 1)) * scales.data[Math.floor(at / blockSize)];
      out.data[flat] += x.data[row * k + i] * weight;
    }
  });
  return out;
}

type Reduction = Node<'Sum'> | Node<'Mean'> | Node<'Max'>;

function reduce(start: number, step: (sum: number, value: number) => number) {
  return (node: Reduction, [x]: readonly Value[]): Value => {
    const { shape, data } = x;
    const kept = shape.map((dim, axis) => (node.attrs.axes.includes(axis) ? 1 : dim));
    const out = blank(node.shape);
    out.data.fill(start);
    eachIndex(shape, (index, flat) => {
      const at = offsetOf(index, kept);
      out.data[at] = step(out.data[at], data[flat]);
    });
    return out;
  };
}

const total = reduce(0, (sum, value) => sum + value);

function mean(node: Node<'Mean'>, inputs: readonly Value[]): Value {
  const summed = total(node, inputs);
  const share = summed.data.length / (inputs[0]).data.length;
  return { shape: summed.shape, data: summed.data.map((v) => v * share) };
}

function concat(node: Node<'Concat'>, inputs: readonly Value[]): Value {
  const out = blank(node.shape);
  const { axis } = node.attrs;
  let start = 0;
  for (const x of inputs) {
    eachIndex(x.shape, (index, flat) => {
      const at = index.map((i, d) => (d === axis ? i + start : i));
      out.data[offsetOf(at, node.shape)] = x.data[flat];
    });
    start += x.shape[axis];
  }
  return out;
}

function pad(node: Node<'Pad'>, [x]: readonly Value[]): Value {
  const out = blank(node.shape);
  const { axis, before } = node.attrs;
  const { shape, data } = x;
  eachIndex(shape, (index, flat) => {
    const at = index.map((i, d) => (d === axis ? i + before : i));
    out.data[offsetOf(at, node.shape)] = data[flat];
  });
  return out;
}

function wrap(index: number, length: number): number {
  const at = index < 0 ? index + length : index;
  if (at < 0 || at >= length) throw new RangeError(`index ${index} is outside 0..${length - 1}`);
  return at;
}

function gather(node: Node<'Gather'>, [x, indices]: readonly Value[]): Value {
  const { axis } = node.attrs;
  const [data, at] = [x, indices];
  const rank = at.shape.length;
  return pick(node.shape, data, (index) => [
    ...index.slice(0, axis),
    wrap(at.data[offsetOf(index.slice(axis, axis + rank), at.shape)], data.shape[axis]),
    ...index.slice(axis + rank),
  ]);
}

function gatherElements(node: Node<'GatherElements'>, [x, indices]: readonly Value[]): Value {
  const [data, at] = [x, indices];
  const { axis } = node.attrs;
  const target = (index: readonly number[]) =>
    wrap(at.data[offsetOf(index, at.shape)], data.shape[axis]);
  return pick(node.shape, data, (index) => index.map((i, d) => (d === axis ? target(index) : i)));
}

function scatterAdd(node: Node<'ScatterAdd'>, [x, indices, updates]: readonly Value[]): Value {
  const [data, at, added] = [x, indices, updates];
  const out = { shape: data.shape, data: data.data.slice() };
  const { axis } = node.attrs;
  eachIndex(added.shape, (index, flat) => {
    const hit = wrap(at.data[flat], data.shape[axis]);
    const to = offsetOf(
      index.map((i, d) => (d === axis ? hit : i)),
      data.shape,
    );
    out.data[to] = (out.data[to]) + (added.data[flat]);
  });
  return out;
}

function logSoftmaxLine(line: readonly number[]): number[] {
  const top = Math.max(...line);
  const shift = top + Math.log(line.reduce((sum, v) => sum + Math.exp(v - top), 0));
  return line.map((v) => v - shift);
}

function cast(node: Node<'Cast'>, [x]: readonly Value[]): Value {
  const { to } = node.attrs;
  const convert =
    to === 'float32' ? (v: number) => v : to === 'bool' ? (v: number) => Number(v !== 0) : Math.trunc;
  return { shape: node.shape, data: (x).data.map(convert) };
}

const isInteger = (node: Node): boolean => node.dtype === 'int64' || node.dtype === 'int32';

export const kernels: { readonly [O in Op]: Kernel<O> } = {
  Input: unreachable,
  Output: unreachable,
  Constant: (node) => fromTensor(node.attrs.tensor),
  StopGradient: sameData,
  Add: map((a, b) => (a) + (b)),
  Sub: map((a, b) => (a) - (b)),
  // As in the runtime, int32 wraps.
  Mul: (node, inputs) => zip(node.shape, inputs, node.dtype === 'int32' ? Math.imul : (a, b) => a * b),
  Div: (node, inputs) =>
    zip(node.shape, inputs, (a, b) => {
      const quotient = (a) / (b);
      return isInteger(node) ? Math.trunc(quotient) : quotient;
    }),
  Minimum: map(Math.min),
  Maximum: map(Math.max),
  Greater: map((a, b) => Number((a) > (b))),
  Less: map((a, b) => Number((a) < (b))),
  Equal: map((a, b) => Number(a === b)),
  And: map((a, b) => (a) * (b)),
  Or: map(Math.max),
  Not: map((a) => 1 - (a)),
  Neg: map((a) => -(a)),
  Abs: map(Math.abs),
  Exp: map(Math.exp),
  Log: map(Math.log),
  Sqrt: map(Math.sqrt),
  Tanh: map(Math.tanh),
  Sigmoid: map(sigmoid),
  Silu: map((a) => (a) * sigmoid(a)),
  Softplus: map(softplus),
  Relu: map((a) => Math.max(a, 0)),
  Erf: map(erf),
  Gelu: (node, inputs) => zip(node.shape, inputs, (a) => gelu(a, node.attrs.approximate)),
  Pow: (node, inputs) => zip(node.shape, inputs, (a) => (a) ** node.attrs.exponent),
  Clip: (node, inputs) =>
    zip(node.shape, inputs, (a) => Math.min(Math.max(a, node.attrs.min), node.attrs.max)),
  Where: map((c, a, b) => (c ? a : b)),
  Cast: cast,
  MatMul: matMul,
  MatMulNBits: quantizedMatMul,
  Transpose: (node, [x]) =>
    pick(node.shape, x, (index) =>
      node.attrs.perm.map((_, axis) => index[node.attrs.perm.indexOf(axis)]),
    ),
  Reshape: sameData,
  Expand: map((a) => a),
  Concat: concat,
  Slice: (node, [x]) =>
    pick(node.shape, x, (index) =>
      index.map((i, d) => (d === node.attrs.axis ? i + node.attrs.start : i)),
    ),
  Pad: pad,
  Gather: gather,
  GatherElements: gatherElements,
  ScatterAdd: scatterAdd,
  Sum: total,
  Mean: mean,
  Max: reduce(-Infinity, Math.max),
  Softmax: (node, [x]) =>
    alongAxis(x, node.attrs.axis, (line) => logSoftmaxLine(line).map(Math.exp)),
  LogSoftmax: (node, [x]) => alongAxis(x, node.attrs.axis, logSoftmaxLine),
  SoftmaxMatMul: (node, [scores, value]) => {
    const weights = alongAxis(scores, scores.shape.length - 1, (line) => logSoftmaxLine(line).map(Math.exp));
    return [product(node.shape, [weights, value], { transA: false, transB: false }), weights];
  },
  RmsNorm: rmsNorm,
  LayerNorm: layerNorm,
  Rotary: rotary,
};

function sigmoid(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** Error function to double precision: Taylor series near zero, continued fraction of erfc in the tails. */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-18 && n < 200; n++) {
      term *= -(x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let k = 60; k > 0; k--) fraction = k / 2 / (a + fraction);
  const erfc = Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction);
  return Math.sign(x) * (1 - erfc);
}

function gelu(x: number, approximate: 'none' | 'tanh'): number {
  if (approximate === 'none') return 0.5 * x * (1 + erf(x * Math.SQRT1_2));
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}
