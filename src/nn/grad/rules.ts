import { GraphError, type Node, type Op } from '../graph.js';
import * as ops from '../ops.js';
import {
  concatRule,
  gatherElementsRule,
  gatherRule,
  maxRule,
  meanRule,
  sumRule,
  transposeRule,
} from './shape-rules.js';
import { divRule, extremumRule, geluRule, indicator, mulRule, siluRule, sumTo } from './elementwise-rules.js';
import { layerNormRule, rmsNormRule } from './norm-rules.js';
import { logSoftmaxOfFew } from './scattered.js';
import { matMulRule, softmaxMatMulRule } from './matmul-rule.js';

/**
 * Given a node and the gradient of its value, the gradient of each input; null where there is none by nature.
 */
export type GradRule<O extends Op = Op> = (node: Node<O>, g: Node) => readonly (Node | null)[];

type One = (x: Node, g: Node, y: Node) => Node;

/** Rule of an op with one input, from the input, the upstream gradient and the op's own value. */
function unary(f: One) {
  return (node: Node, g: Node): readonly Node[] => [f(node.inputs[0], g, node)];
}

/** Values without a gradient: constants of the graph, booleans, anything behind stopGradient. */
function none(node: Node): readonly null[] {
  return node.inputs.map(() => null);
}

function forbidden(reason: string) {
  return (node: Node): never => {
    throw new GraphError(`grad: ${node.op} has no gradient (${reason})`);
  };
}

/** One rule for every op; the type makes a missing one a compile error. */
export const gradRules: { readonly [O in Op]: GradRule<O> } = {
  Input: none,
  Constant: none,
  Output: forbidden('a side output serves the backward pass or decoding only'),
  StopGradient: none,
  Add: (node, g) => node.inputs.map((x) => sumTo(g, x.shape)),
  Sub: ({ inputs: [a, b] }, g) => [sumTo(g, (a).shape), ops.neg(sumTo(g, (b).shape))],
  Mul: mulRule,
  Div: divRule,
  Minimum: (node, g) => extremumRule(node, g, ops.less),
  Maximum: (node, g) => extremumRule(node, g, ops.greater),
  Greater: none,
  Less: none,
  Equal: none,
  And: none,
  Or: none,
  Not: none,
  Neg: unary((_, g) => ops.neg(g)),
  Abs: unary((x, g) => ops.mul(g, ops.sub(indicator(ops.greater(x, 0)), indicator(ops.less(x, 0))))),
  Exp: unary((_, g, y) => ops.mul(g, y)),
  Log: unary((x, g) => ops.div(g, x)),
  Sqrt: unary((_, g, y) => ops.div(ops.mul(g, 0.5), y)),
  // Written so that every product contains g: what depends on the forward pass alone would be computed early
  // and kept.
  Tanh: unary((_, g, y) => ops.sub(g, ops.mul(ops.mul(g, y), y))),
  Sigmoid: unary((_, g, y) => {
    const gy = ops.mul(g, y);
    return ops.sub(gy, ops.mul(gy, y));
  }),
  Silu: unary(siluRule),
  Softplus: unary((x, g) => ops.mul(g, ops.sigmoid(ops.tie(x, g)))),
  Relu: unary((x, g) => ops.where(ops.greater(x, 0), g, 0)),
  Erf: unary((x, g) => ops.mul(ops.mul(g, 2 / Math.sqrt(Math.PI)), ops.exp(ops.neg(ops.square(x))))),
  Gelu: geluRule,
  Pow: (node, g) => {
    const { exponent } = node.attrs;
    return [ops.mul(ops.mul(g, exponent), ops.pow(node.inputs[0], exponent - 1))];
  },
  Clip: (node, g) => {
    const x = node.inputs[0];
    return [ops.where(ops.or(ops.less(x, node.attrs.min), ops.greater(x, node.attrs.max)), 0, g)];
  },
  Where: ({ inputs: [c, a, b] }, g) => [
    null,
    sumTo(ops.where(c, g, 0), (a).shape),
    sumTo(ops.where(c, 0, g), (b).shape),
  ],
  Cast: none,
  MatMul: matMulRule,
  MatMulNBits: forbidden('quantized weights are for generation; train the weights they were made from'),
  Transpose: transposeRule,
  Reshape: unary((x, g) => ops.reshape(g, x.shape)),
  Expand: unary((x, g) => sumTo(g, x.shape)),
  Concat: concatRule,
  Slice: (node, g) => {
    const { axis, start, end } = node.attrs;
    return [ops.pad(g, axis, start, ((node.inputs[0]).shape[axis]) - end)];
  },
  Pad: (node, g) => {
    const { axis, before, after } = node.attrs;
    return [ops.slice(g, axis, before, (node.shape[axis]) - after)];
  },
  Gather: gatherRule,
  GatherElements: gatherElementsRule,
  ScatterAdd: (node, g) => [g, null, ops.gatherElements(g, node.inputs[1], node.attrs.axis)],
  Sum: sumRule,
  Mean: meanRule,
  Max: maxRule,
  Softmax: (node, g) => {
    const gy = ops.mul(g, node);
    return [ops.sub(gy, ops.mul(node, ops.sum(gy, node.attrs.axis, true)))];
  },
  LogSoftmax: (node, g) => [
    logSoftmaxOfFew(node, g) ?? ops.sub(g, ops.mul(ops.exp(ops.tie(node, g)), ops.sum(g, node.attrs.axis, true))),
  ],
  SoftmaxMatMul: softmaxMatMulRule,
  RmsNorm: rmsNormRule,
  LayerNorm: layerNormRule,
  // A rotation's transpose is the rotation by the opposite angle.
  Rotary: ({ inputs: [, positions, cos, sin] }, g) => [
    ops.rotary(g, cos, ops.neg(sin), positions),
    null,
    null,
    null,
  ],
};
