/**
 * Construction: frozen nodes over a small typed op set.
 * Every node has a static shape and element type, so a graph that was built is well formed;
 * differentiation, emission and interpretation are separate tables over `Op`.
 */
import { sizeOf, type DType, type Tensor } from './tensor.js';

type None = Record<never, never>;

/**
 * The whole op set with the attributes of each op. Adding a line here breaks the three tables until they
 * follow.
 */
export interface OpAttrs {
  Input: { readonly name: string };
  Constant: { readonly tensor: Tensor; readonly name?: string };
  /** Side output `index` of a node with several outputs (the node itself is output 0). */
  Output: { readonly index: number };
  StopGradient: None;
  Add: None;
  Sub: None;
  Mul: None;
  Div: None;
  Minimum: None;
  Maximum: None;
  Greater: None;
  Less: None;
  Equal: None;
  And: None;
  Or: None;
  Not: None;
  Neg: None;
  Abs: None;
  Exp: None;
  Log: None;
  Sqrt: None;
  Tanh: None;
  Sigmoid: None;
  Silu: None;
  Softplus: None;
  Relu: None;
  Erf: None;
  Gelu: { readonly approximate: 'none' | 'tanh' };
  Pow: { readonly exponent: number };
  Clip: { readonly min: number; readonly max: number };
  Where: None;
  Cast: { readonly to: DType };
  MatMul: { readonly transA: boolean; readonly transB: boolean };
  /** inputs: x, packed, scales. */
  MatMulNBits: { readonly bits: 4 | 8; readonly blockSize: number; readonly int8Rows: boolean };
  Transpose: { readonly perm: readonly number[] };
  Reshape: None;
  Expand: None;
  Concat: { readonly axis: number };
  Slice: { readonly axis: number; readonly start: number; readonly end: number };
  Pad: { readonly axis: number; readonly before: number; readonly after: number };
  Gather: { readonly axis: number };
  GatherElements: { readonly axis: number };
  /** inputs: data, indices, updates (the last two of equal shape); result = data with updates added in. */
  ScatterAdd: { readonly axis: number };
  Sum: { readonly axes: readonly number[]; readonly keepDims: boolean };
  Mean: { readonly axes: readonly number[]; readonly keepDims: boolean };
  Max: { readonly axes: readonly number[]; readonly keepDims: boolean };
  Softmax: { readonly axis: number };
  LogSoftmax: { readonly axis: number };
  /** inputs: scores, value; softmax(scores) value over the last axis of scores, which side output 1 gives as weights. */
  SoftmaxMatMul: None;
  /** Over the last axis; side output 1 is the inverse rms. */
  RmsNorm: { readonly epsilon: number };
  /** Over the last axis; side outputs 1 and 2 are the mean and the inverse standard deviation. */
  LayerNorm: { readonly epsilon: number };
  /** inputs: x, positions, cos, sin. */
  Rotary: None;
}

export type Op = keyof OpAttrs;

export interface Node<O extends Op = Op> {
  readonly id: number;
  readonly op: O;
  readonly inputs: readonly Node[];
  readonly attrs: OpAttrs[O];
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** A graph that cannot be built: wrong shapes, types or a missing gradient. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
}

let nextId = 0;

/** Used by the op constructors after they have inferred the shape; not meant for models. */
export function makeNode<O extends Op>(
  op: O,
  inputs: readonly Node[],
  attrs: OpAttrs[O],
  shape: readonly number[],
  dtype: DType,
): Node<O> {
  for (const dim of shape) {
    if (!Number.isInteger(dim) || dim < 0) throw new GraphError(`${op}: bad shape ${show(shape)}`);
  }
  return Object.freeze({
    id: nextId++,
    op,
    inputs: Object.freeze([...inputs]),
    attrs: Object.freeze(attrs) as OpAttrs[O],
    shape: Object.freeze([...shape]),
    dtype,
  });
}

/** A value fed at every run. */
export function input(name: string, dtype: DType, shape: readonly number[]): Node<'Input'> {
  return makeNode('Input', [], { name }, shape, dtype);
}

/** A value frozen into the session as an initializer. */
export function constant(tensor: Tensor, name?: string): Node<'Constant'> {
  return makeNode(
    'Constant',
    [],
    name === undefined ? { tensor } : { tensor, name },
    tensor.shape,
    tensor.dtype,
  );
}

export function isOp<O extends Op>(node: Node, op: O): node is Node<O> {
  return node.op === op;
}

/**
 * All nodes the outputs depend on, inputs before users; iterative, since graphs are thousands of nodes deep.
 */
export function topologicalOrder(outputs: readonly Node[]): Node[] {
  const order: Node[] = [];
  const state = new Map<number, 'open' | 'done'>();
  const stack: Node[] = [...outputs].reverse();
  while (stack.length > 0) {
    const node = stack[stack.length - 1];
    const seen = state.get(node.id);
    if (seen === undefined) {
      state.set(node.id, 'open');
      for (let i = node.inputs.length - 1; i >= 0; i--) {
        const parent = node.inputs[i];
        if (!state.has(parent.id)) stack.push(parent);
      }
      continue;
    }
    stack.pop();
    if (seen === 'open') {
      state.set(node.id, 'done');
      order.push(node);
    }
  }
  return order;
}

export function show(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

export function elementCount(node: Node): number {
  return sizeOf(node.shape);
}
