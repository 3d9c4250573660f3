import { createHash } from 'node:crypto';
import { Rng } from '#src/common/rng.js';
import { constant, input, type Node } from './graph.js';
import * as ops from './ops.js';
import { bools, f32, i32, i64, sizeOf, u8, type Tensor } from './tensor.js';

/** One op in use: how to build it from inputs, and tensors to feed them. */
export interface OpCase {
  readonly name: string;
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly build: (...inputs: Node[]) => Node | Readonly<Record<string, Node>>;
  /** False for integer or boolean results. */
  readonly differentiable?: boolean;
  /** Largest difference between the runtime and the interpreter; that of float32 when left out. */
  readonly tolerance?: number;
}

const rng = Rng.from('op cases');
const normal = (...shape: number[]) =>
  f32(
    Float32Array.from({ length: sizeOf(shape) }, () => rng.normal()),
    shape,
  );
const positive = (...shape: number[]) =>
  f32(
    Float32Array.from({ length: sizeOf(shape) }, () => 0.3 + 2 * rng.next()),
    shape,
  );
/** Values at least 0.05 away from the kinks of the ops that have one at 0, 1 or -1. */
const awayFromKinks = (...shape: number[]) =>
  f32(
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => -1.9 + 0.31 * i + 0.05 * rng.next()),
    shape,
  );
const ints = (high: number, ...shape: number[]) =>
  i64(
    Array.from({ length: sizeOf(shape) }, () => rng.int(high)),
    shape,
  );
const bytes = (...shape: number[]) =>
  u8(
    Uint8Array.from({ length: sizeOf(shape) }, () => rng.int(256)),
    shape,
  );
const flags = (...shape: number[]) =>
  bools(
    Array.from({ length: sizeOf(shape) }, (_, i) => i % 3 === 0),
    shape,
  );

/** cos or sin tables [8, half]. */
function table(f: (angle: number) => number, half: number): Node {
  return constant(
    f32(
      Array.from({ length: 8 * half }, (_, i) => f(Math.floor(i / half) / 3 ** (i % half))),
      [8, half],
    ),
  );
}
const cos = (half = 2) => table(Math.cos, half);
const sin = (half = 2) => table(Math.sin, half);

function unary(name: string, op: (x: Node) => Node, x: Tensor = normal(3, 4)): OpCase {
  return { name, feeds: { x }, build: (node) => op(node) };
}

function binary(
  name: string,
  op: (a: Node, b: Node) => Node,
  a: Tensor,
  b: Tensor,
  differentiable = true,
): OpCase {
  return { name, feeds: { a, b }, build: (x, y) => op(x, y), differentiable };
}

const elementwise: OpCase[] = [
  binary('add', ops.add, normal(2, 3, 4), normal(4)),
  binary('add of a column', ops.add, normal(3, 1), normal(3, 4)),
  unary('add a number', (x) => ops.add(x, 1.5)),
  binary('sub', ops.sub, normal(1, 4), normal(3, 1)),
  binary('mul', ops.mul, normal(2, 1, 4), normal(3, 1)),
  binary('mul by itself', (a, b) => ops.mul(ops.mul(a, a), b), normal(3), normal(3)),
  binary('mul of int32, which wraps', ops.mul, i32([2147483647, -1640531535, 3], [3, 1]), i32([668265263, 5, -7, 2], [4]), false),
  binary('div', ops.div, normal(3, 4), positive(4)),
  binary('minimum', ops.minimum, normal(3, 4), normal(4)),
  binary('maximum', ops.maximum, normal(3, 4), normal(3, 1)),
  binary('greater', ops.greater, normal(3, 4), normal(4), false),
  binary('less', ops.less, normal(3, 4), normal(4), false),
  binary('equal of integers', ops.equal, ints(3, 3, 4), ints(3, 4), false),
  binary(
    'integer arithmetic',
    (a, b) => ops.add(ops.mul(a, 3), ops.sub(b, 1)),
    ints(9, 4),
    ints(9, 4),
    false,
  ),
  binary('and', ops.and, flags(3, 4), flags(4), false),
  binary('or', (a, b) => ops.or(ops.not(a), b), flags(3, 4), flags(4), false),
  unary('neg', ops.neg),
  unary('abs', ops.abs, awayFromKinks(12)),
  unary('exp', ops.exp),
  unary('log', ops.log, positive(3, 4)),
  unary('sqrt', ops.sqrt, positive(3, 4)),
  unary('tanh', ops.tanh),
  unary('sigmoid', ops.sigmoid),
  unary('silu', ops.silu),
  unary('softplus', ops.softplus),
  unary('logSigmoid', ops.logSigmoid, f32([-30, -3, -0.1, 0.2, 5, 30], [6])),
  unary('relu', ops.relu, awayFromKinks(12)),
  unary('erf', ops.erf),
  unary('gelu', (x) => ops.gelu(x)),
  unary('gelu, tanh', (x) => ops.gelu(x, 'tanh')),
  unary('pow', (x) => ops.pow(x, 3)),
  unary('square', ops.square),
  unary('clip', (x) => ops.clip(x, -1, 1), awayFromKinks(12)),
  {
    name: 'where',
    feeds: { c: flags(3, 1), a: normal(4), b: normal(3, 4) },
    build: (c, a, b) => ops.where(c, a, b),
  },
  {
    name: 'where with a number',
    feeds: { c: flags(3, 4), a: normal(4) },
    build: (c, a) => ops.where(c, a, -50),
  },
  {
    name: 'cast',
    feeds: { x: flags(5) },
    build: (x) => ops.cast(x, 'float32'),
    differentiable: false,
  },
  unary('stopGradient', (x) => ops.add(x, ops.stopGradient(ops.mul(x, 0)))),
  binary('tie', (a, b) => ops.tie(a, b), normal(3, 4), f32([Infinity, NaN], [2, 1])),
];

const shapes: OpCase[] = [
  unary('transpose', (x) => ops.transpose(x, [2, 0, 1]), normal(2, 3, 4)),
  unary('reshape', (x) => ops.reshape(x, [4, -1]), normal(2, 6)),
  unary('expand', (x) => ops.expand(x, [2, 3, 4]), normal(3, 1)),
  binary('concat', (a, b) => ops.concat([a, b, a], 1), normal(2, 3), normal(2, 1)),
  unary('slice', (x) => ops.slice(x, 1, 1, -1), normal(2, 4, 3)),
  unary('pad', (x) => ops.pad(x, 0, 1, 2), normal(2, 3)),
  binary('gather rows', (a, b) => ops.gather(a, b, 0), normal(5, 3), ints(5, 2, 4)),
  binary('gather in the middle', (a, b) => ops.gather(a, b, 1), normal(2, 5, 3), ints(5, 4)),
  binary('gather one', (a, b) => ops.gather(a, b, -1), normal(2, 5), i64([3], [])),
  binary('gatherElements', (a, b) => ops.gatherElements(a, b, 1), normal(4, 5), ints(5, 4, 2)),
  {
    name: 'scatterAdd',
    feeds: { data: normal(3, 4), indices: ints(3, 6, 4), updates: normal(6, 4) },
    build: (data, indices, updates) => ops.scatterAdd(data, indices, updates, 0),
  },
];

const reductions: OpCase[] = [
  unary('sum', (x) => ops.sum(x), normal(2, 3)),
  unary('sum over axes', (x) => ops.sum(x, [0, 2]), normal(2, 3, 4)),
  unary('mean', (x) => ops.mean(x, -1, true), normal(2, 3, 4)),
  unary('mean of all', (x) => ops.mean(x), normal(2, 3)),
  unary('max', (x) => ops.max(x, 1), normal(2, 3, 4)),
  unary('softmax', (x) => ops.softmax(x, -1), normal(3, 5)),
  unary('softmax in the middle', (x) => ops.softmax(x, 1), normal(2, 3, 4)),
  unary('logSoftmax', (x) => ops.logSoftmax(x, -1), normal(3, 5)),
];

const matMuls: OpCase[] = [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
].flatMap(([transA, transB]) => {
  const flip = (shape: number[], flag?: boolean) =>
    flag ? [...shape.slice(0, -2), ...shape.slice(-2).reverse()] : shape;
  const options = { transA: transA, transB: transB };
  return [
    ['matrices', [3, 4], [4, 5]],
    ['batched', [2, 3, 4], [2, 4, 5]],
    ['heads sharing keys', [2, 3, 2, 4], [2, 1, 4, 5]],
    ['rows against a matrix', [2, 3, 4], [4, 5]],
    ['a matrix against a batch', [3, 4], [2, 4, 5]],
  ].map(([name, a, b]) =>
    binary(
      `matmul, ${name as string}${transA ? ', a transposed' : ''}${transB ? ', b transposed' : ''}`,
      (x, y) => ops.matmul(x, y, options),
      normal(...flip(a as number[], transA)),
      normal(...flip(b as number[], transB)),
    ),
  );
});

function quantized(bits: 4 | 8, int8Rows = false): OpCase {
  return {
    name: `quantizedMatmul, ${bits} bits${int8Rows ? ', rows rounded too' : ''}`,
    feeds: { x: normal(3, 64), packed: bytes(5, 2, 4 * bits), scales: normal(5, 2) },
    build: (x, packed, scales) => ops.quantizedMatmul(ops.mul(x, 0.01), packed, scales, { bits, blockSize: 32, int8Rows }),
    // 64 products of values below 0.04 with errors of 1/254 of a block's largest.
    tolerance: int8Rows ? 0.05 : undefined,
    differentiable: false,
  };
}

/** Added to scores [.., 4, 4]: each row sees itself and what is before it. */
function hidden(): Node {
  return constant(f32(Array.from({ length: 16 }, (_, i) => (i % 4 > Math.floor(i / 4) ? -1e9 : 0)), [4, 4]));
}

const blocks: OpCase[] = [
  binary('softmaxMatmul', ops.softmaxMatmul, normal(2, 3, 4, 5), normal(2, 3, 5, 6)),
  binary('softmaxMatmul that sees little', (s, v) => ops.softmaxMatmul(ops.add(s, hidden()), v), normal(2, 4, 4), normal(2, 4, 3)),
  binary('rmsNorm', (x, w) => ops.rmsNorm(x, w, 1e-5), normal(2, 3, 8), normal(8)),
  {
    name: 'layerNorm',
    feeds: { x: normal(2, 3, 8), w: normal(8), b: normal(8) },
    build: (x, w, b) => ops.layerNorm(x, w, b, 1e-5),
  },
  unary('rotary', (x) => ops.rotary(x, cos(), sin()), normal(2, 3, 5, 4)),
  {
    name: 'rotary at positions',
    feeds: { x: normal(2, 1, 3, 4), p: ints(8, 2, 3) },
    build: (x, p) => ops.rotary(x, cos(), sin(), p),
  },
  {
    name: 'rotary at an offset',
    feeds: { x: normal(2, 1, 3, 4), p: i64([4], [1]) },
    build: (x, p) => ops.rotary(x, cos(), sin(), p),
  },
];

/** What is looked up in few places of a large value: gradients that are zero elsewhere. */
function lookups(): OpCase[] {
  const logProbs = (x: Node, at: Node, axis = 1): Node => ops.gatherElements(ops.logSoftmax(x, axis), at, 1);
  return [
    binary('log-probabilities of targets', logProbs, normal(4, 7), ints(7, 4, 1)),
    binary('log-probabilities of several targets', logProbs, normal(4, 5), ints(5, 4, 9)),
    binary('log-probabilities over the other axis', (x, at) => logProbs(x, at, 0), normal(4, 5), ints(5, 4, 2)),
    binary('log-probabilities of targets, and all of them', (x, at) => ops.mul(logProbs(x, at), ops.sum(ops.logSoftmax(x, 1), 1, true)), normal(4, 5), ints(5, 4, 1)),
    binary('a table that is read and multiplied with', (table, ids) => ops.matmul(ops.gather(table, ids, 0), table, { transB: true }), normal(6, 3), i64([1, 4, 1, 5], [4])),
    {
      name: 'a table that is read twice',
      feeds: { table: normal(6, 3), a: i64([1, 4, 1], [3]), b: i64([4, 4, 0], [3]) },
      build: (table, a, b) => ops.mul(ops.gather(table, a, 0), ops.gather(table, b, 0)),
    },
  ];
}

export const opCases: readonly OpCase[] = [
  ...elementwise,
  ...shapes,
  ...reductions,
  ...matMuls,
  quantized(4),
  quantized(8),
  quantized(4, true),
  quantized(8, true),
  ...blocks,
  ...lookups(),
];

/** The inputs as JSON can hold them, and their hash. */
export function packedFeeds({ feeds }: OpCase): { feeds: Record<string, { dtype: string; shape: readonly number[]; data: (number | string)[] }>; hash: string } {
  // JSON has no word for what is not finite.
  const number = (value: number | bigint): number | string => (Number.isFinite(Number(value)) ? Number(value) : String(value));
  const packed = Object.fromEntries(Object.entries(feeds).map(([name, { dtype, shape, data }]) => [name, { dtype, shape, data: Array.from(data, number) }]));
  return { feeds: packed, hash: createHash('sha256').update(JSON.stringify(packed)).digest('hex').slice(0, 16) };
}

/** The case's graph with one Input per feed. */
export function buildCase(opCase: OpCase): {
  inputs: Record<string, Node<'Input'>>;
  outputs: Record<string, Node>;
} {
  const inputs = Object.fromEntries(
    Object.entries(opCase.feeds).map(([name, { dtype, shape }]) => [name, input(name, dtype, shape)]),
  );
  const built = opCase.build(...Object.values(inputs));
  return { inputs, outputs: 'op' in built ? { y: built as Node } : (built) };
}
