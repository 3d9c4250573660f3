import type { Node, Op } from '../graph.js';
import { f32 } from '../tensor.js';
import { elementType, type GraphWriter } from './writer.js';

type EmitRule<O extends Op> = (node: Node<O>, writer: GraphWriter) => void;

const MICROSOFT = { domain: 'com.microsoft' };

/** Ops that map to one ONNX operator with the same inputs and no attributes. */
function plain(opType: string, domain?: string) {
  return (node: Node, writer: GraphWriter): void =>
    writer.emit(node, opType, node.inputs, domain === undefined ? {} : { domain });
}

function reduction(opType: string) {
  return (node: Node<'Sum'> | Node<'Mean'> | Node<'Max'>, writer: GraphWriter): void => {
    const { axes, keepDims } = node.attrs;
    writer.emit(node, opType, [...node.inputs, writer.list(axes)], { attrs: { keepdims: keepDims ? 1 : 0 } });
  };
}

/** Reshape and Expand take the wanted shape as an input. */
function toShape(opType: string) {
  return (node: Node, writer: GraphWriter): void =>
    writer.emit(node, opType, [...node.inputs, writer.shapeOf(node)]);
}

function withAxis(opType: string, more: Readonly<Record<string, string | number>> = {}) {
  return (node: Node & { readonly attrs: { readonly axis: number } }, writer: GraphWriter): void =>
    writer.emit(node, opType, node.inputs, { attrs: { axis: node.attrs.axis, ...more } });
}

function scalar(writer: GraphWriter, value: number): string {
  return writer.initializer(f32([value], []));
}

/**
 * Gemm reads a transposed left operand along its columns, again for every 128 columns of the result. Where that is often,
 * transposing it once costs less (docs/lab/experiments.md). The runtime's optimizers would undo it: training runs as written.
 */
function worthTransposing({ inputs: [a], shape: [rows, columns] }: Node<'MatMul'>): boolean {
  return columns >= 512 && rows >= 128 && a.shape[0] >= 128;
}

/**
 * 2-D products become Gemm, whose flags spare the transposes of the backward pass; batched ones with a flag
 * become FusedMatMul for the same reason.
 */
function emitMatMul(node: Node<'MatMul'>, writer: GraphWriter): void {
  const transA = node.attrs.transA ? 1 : 0;
  const transB = node.attrs.transB ? 1 : 0;
  const [a, b] = node.inputs;
  if (node.inputs.every((x) => x.shape.length === 2)) {
    if (!transA || !worthTransposing(node)) {
      writer.emit(node, 'Gemm', node.inputs, { attrs: { transA, transB } });
      return;
    }
    const turned = `${writer.name(node)}_a`;
    writer.emitAs([turned], 'Transpose', [a], { attrs: { perm: [1, 0] } });
    writer.emit(node, 'Gemm', [turned, b], { attrs: { transB } });
  } else if (transA || transB) {
    writer.emit(node, 'FusedMatMul', node.inputs, { ...MICROSOFT, attrs: { transA, transB } });
  } else {
    writer.emit(node, 'MatMul', node.inputs);
  }
}

/**
 * How each op is written. Inputs are declared by `emitModel`; side outputs belong to their parent's operator.
 */
export const emitRules: { readonly [O in Op]: EmitRule<O> } = {
  Input: (node, writer) => writer.addInput(node, node.attrs.name),
  Constant: (node, writer) => writer.rename(node, writer.initializer(node.attrs.tensor)),
  Output: () => undefined,
  StopGradient: plain('Identity'),
  Add: plain('Add'),
  Sub: plain('Sub'),
  Mul: plain('Mul'),
  Div: plain('Div'),
  Minimum: plain('Min'),
  Maximum: plain('Max'),
  Greater: plain('Greater'),
  Less: plain('Less'),
  Equal: plain('Equal'),
  And: plain('And'),
  Or: plain('Or'),
  Not: plain('Not'),
  Neg: plain('Neg'),
  Abs: plain('Abs'),
  Exp: plain('Exp'),
  Log: plain('Log'),
  Sqrt: plain('Sqrt'),
  Tanh: plain('Tanh'),
  Sigmoid: plain('Sigmoid'),
  Silu: (node, writer) =>
    writer.emit(node, 'QuickGelu', node.inputs, { ...MICROSOFT, attrs: { alpha: { float: 1 } } }),
  Softplus: plain('Softplus'),
  Relu: plain('Relu'),
  Erf: plain('Erf'),
  Gelu: (node, writer) =>
    writer.emit(node, 'Gelu', node.inputs, { attrs: { approximate: node.attrs.approximate } }),
  Pow: (node, writer) => writer.emit(node, 'Pow', [...node.inputs, scalar(writer, node.attrs.exponent)]),
  Clip: (node, writer) =>
    writer.emit(node, 'Clip', [
      ...node.inputs,
      scalar(writer, node.attrs.min),
      scalar(writer, node.attrs.max),
    ]),
  Where: plain('Where'),
  Cast: (node, writer) =>
    writer.emit(node, 'Cast', node.inputs, { attrs: { to: elementType(node.attrs.to) } }),
  MatMul: emitMatMul,
  MatMulNBits: (node, writer) => {
    const { bits, blockSize, int8Rows } = node.attrs;
    const [n] = node.inputs[1].shape;
    const k = node.inputs[0].shape[1];
    const attrs = { K: k, N: n, bits, block_size: blockSize, accuracy_level: int8Rows ? 4 : 1 };
    writer.emit(node, 'MatMulNBits', node.inputs, { ...MICROSOFT, attrs });
  },
  Transpose: (node, writer) =>
    writer.emit(node, 'Transpose', node.inputs, { attrs: { perm: node.attrs.perm } }),
  Reshape: toShape('Reshape'),
  Expand: toShape('Expand'),
  Concat: withAxis('Concat'),
  Slice: (node, writer) => {
    const { axis, start, end } = node.attrs;
    writer.emit(node, 'Slice', [
      ...node.inputs,
      writer.list([start]),
      writer.list([end]),
      writer.list([axis]),
    ]);
  },
  Pad: (node, writer) => {
    const { axis, before, after } = node.attrs;
    const at = (amount: number) => node.shape.map((_, i) => (i === axis ? amount : 0));
    writer.emit(node, 'Pad', [...node.inputs, writer.list([...at(before), ...at(after)])]);
  },
  Gather: withAxis('Gather'),
  GatherElements: withAxis('GatherElements'),
  // Not ScatterND: with repeated indices its CPU kernel adds from several threads at once and loses updates.
  ScatterAdd: withAxis('ScatterElements', { reduction: 'add' }),
  Sum: reduction('ReduceSum'),
  Mean: reduction('ReduceMean'),
  Max: reduction('ReduceMax'),
  Softmax: withAxis('Softmax'),
  LogSoftmax: withAxis('LogSoftmax'),
  SoftmaxMatMul: (node, writer) => {
    const [scores, value] = node.inputs;
    const weights = writer.sideName(node, 1);
    writer.emitAs([weights], 'Softmax', [scores], { attrs: { axis: -1 } });
    writer.emitAs([writer.name(node)], 'MatMul', [weights, value]);
  },
  RmsNorm: (node, writer) =>
    writer.emit(node, 'SimplifiedLayerNormalization', node.inputs, {
      attrs: { axis: -1, epsilon: { float: node.attrs.epsilon } },
    }),
  LayerNorm: (node, writer) =>
    writer.emit(node, 'LayerNormalization', node.inputs, {
      attrs: { axis: -1, epsilon: { float: node.attrs.epsilon } },
    }),
  Rotary: plain('RotaryEmbedding', 'com.microsoft'),
};
