import { constant, GraphError, makeNode, show, type Node, type Op } from '../graph.js';
import { broadcastShapes } from '../shapes.js';
import { f32, i32, i64, type DType } from '../tensor.js';

/** A node, or a number that becomes a scalar constant of the other operand's type. */
export type Operand = Node | number;

type BinaryOp = 'Add' | 'Sub' | 'Mul' | 'Div' | 'Minimum' | 'Maximum';
type CompareOp = 'Greater' | 'Less' | 'Equal';
type UnaryOp =
  'Neg' | 'Abs' | 'Exp' | 'Log' | 'Sqrt' | 'Tanh' | 'Sigmoid' | 'Silu' | 'Softplus' | 'Relu' | 'Erf';

function scalarOf(value: number, dtype: DType): Node {
  switch (dtype) {
    case 'float32':
      return constant(f32([value], []));
    case 'int64':
      return constant(i64([value], []));
    case 'int32':
      return constant(i32([value], []));
    case 'uint8':
    case 'bool':
      throw new GraphError('a number cannot stand for a boolean or packed operand');
  }
}

function pair(op: Op, a: Operand, b: Operand): [Node, Node] {
  if (typeof a === 'number' && typeof b === 'number')
    throw new GraphError(`${op}: one operand must be a node`);
  const left = typeof a === 'number' ? scalarOf(a, (b as Node).dtype) : a;
  const right = typeof b === 'number' ? scalarOf(b, left.dtype) : b;
  if (left.dtype !== right.dtype)
    throw new GraphError(`${op}: types ${left.dtype} and ${right.dtype} differ`);
  return [left, right];
}

function binary(op: BinaryOp, a: Operand, b: Operand): Node {
  const [left, right] = pair(op, a, b);
  if (left.dtype === 'bool') throw new GraphError(`${op}: operands are boolean`);
  return makeNode(op, [left, right], {}, broadcastShapes(left.shape, right.shape, op), left.dtype);
}

function compare(op: CompareOp, a: Operand, b: Operand): Node {
  const [left, right] = pair(op, a, b);
  return makeNode(op, [left, right], {}, broadcastShapes(left.shape, right.shape, op), 'bool');
}

export function requireFloat(op: Op, x: Node): void {
  if (x.dtype !== 'float32') throw new GraphError(`${op}: expected float32, got ${x.dtype} ${show(x.shape)}`);
}

function requireBool(op: Op, x: Node): void {
  if (x.dtype !== 'bool') throw new GraphError(`${op}: expected bool, got ${x.dtype} ${show(x.shape)}`);
}

function unary(op: UnaryOp, x: Node): Node {
  requireFloat(op, x);
  return makeNode(op, [x], {}, x.shape, x.dtype);
}

// Arithmetic and comparison broadcast as numpy does.
export const add = (a: Operand, b: Operand): Node => binary('Add', a, b);
export const sub = (a: Operand, b: Operand): Node => binary('Sub', a, b);
export const mul = (a: Operand, b: Operand): Node => binary('Mul', a, b);
export const div = (a: Operand, b: Operand): Node => binary('Div', a, b);
/** If the operands are equal, each gets half of the gradient, as in PyTorch. */
export const minimum = (a: Operand, b: Operand): Node => binary('Minimum', a, b);
export const maximum = (a: Operand, b: Operand): Node => binary('Maximum', a, b);
export const greater = (a: Operand, b: Operand): Node => compare('Greater', a, b);
export const less = (a: Operand, b: Operand): Node => compare('Less', a, b);
export const equal = (a: Operand, b: Operand): Node => compare('Equal', a, b);

export const neg = (x: Node): Node => unary('Neg', x);
export const abs = (x: Node): Node => unary('Abs', x);
export const exp = (x: Node): Node => unary('Exp', x);
/** Like `sqrt`, of no loss here yet, but no engine is without it. @public */
export const log = (x: Node): Node => unary('Log', x);
/** @public */
export const sqrt = (x: Node): Node => unary('Sqrt', x);
export const tanh = (x: Node): Node => unary('Tanh', x);
export const sigmoid = (x: Node): Node => unary('Sigmoid', x);
/** x * sigmoid(x). */
export const silu = (x: Node): Node => unary('Silu', x);
/** log(1 + exp(x)), without overflow. */
export const softplus = (x: Node): Node => unary('Softplus', x);
/** log(sigmoid(x)) = -softplus(-x), without overflow. */
export const logSigmoid = (x: Node): Node => neg(softplus(neg(x)));
export const relu = (x: Node): Node => unary('Relu', x);
export const erf = (x: Node): Node => unary('Erf', x);
export const square = (x: Node): Node => mul(x, x);

/** Gaussian error linear unit; `tanh` is the approximation that GPT-2 calls `gelu_new`. */
export function gelu(x: Node, approximate: 'none' | 'tanh' = 'none'): Node {
  requireFloat('Gelu', x);
  return makeNode('Gelu', [x], { approximate }, x.shape, x.dtype);
}

export function pow(x: Node, exponent: number): Node {
  requireFloat('Pow', x);
  return makeNode('Pow', [x], { exponent }, x.shape, x.dtype);
}

/** Limits x to [min, max]; the gradient passes inside the closed interval. */
export function clip(x: Node, min: number, max: number): Node {
  requireFloat('Clip', x);
  if (!(min <= max)) throw new GraphError(`Clip: empty interval [${min}, ${max}]`);
  return makeNode('Clip', [x], { min, max }, x.shape, x.dtype);
}

export function and(a: Node, b: Node): Node {
  requireBool('And', a);
  requireBool('And', b);
  return makeNode('And', [a, b], {}, broadcastShapes(a.shape, b.shape, 'And'), 'bool');
}

export function or(a: Node, b: Node): Node {
  requireBool('Or', a);
  requireBool('Or', b);
  return makeNode('Or', [a, b], {}, broadcastShapes(a.shape, b.shape, 'Or'), 'bool');
}

export function not(x: Node): Node {
  requireBool('Not', x);
  return makeNode('Not', [x], {}, x.shape, 'bool');
}

/** Element by element `condition ? a : b`; all three broadcast. */
export function where(condition: Node, a: Operand, b: Operand): Node {
  requireBool('Where', condition);
  const [left, right] =
    typeof a === 'number' && typeof b === 'number'
      ? [scalarOf(a, 'float32'), scalarOf(b, 'float32')]
      : pair('Where', a, b);
  const shape = broadcastShapes(condition.shape, broadcastShapes(left.shape, right.shape, 'Where'), 'Where');
  return makeNode('Where', [condition, left, right], {}, shape, left.dtype);
}

export function cast(x: Node, to: DType): Node {
  return x.dtype === to ? x : makeNode('Cast', [x], { to }, x.shape, to);
}
