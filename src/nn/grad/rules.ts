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
import { logSoftmaxOfFew } from './scattered.js';

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

/**
 * Each product uses the flags of the forward one instead of explicit transposes; broadcast batches are
 * summed.
 */
function matMulRule(node: Node<'MatMul'>, g: Node): Node[] {
  const [a, b] = node.inputs as [Node, Node];
  const { transA, transB } = node.attrs;
  const ga = transA
    ? ops.matmul(b, g, { transA: transB, transB: true }) // a^T is used: da = op(b) g^T
    : ops.matmul(g, b, { transB: !transB });
  const gb = transB
    ? ops.matmul(g, a, { transA: true, transB: transA }) // b^T is used: db = g^T op(a)
    : ops.matmul(a, g, { transA: !transA });
  return [sumTo(ga, a.shape), sumTo(gb, b.shape)];
}

/**
 * y = w v with w = softmax(s): dw = g v^T and ds = w (dw - sum(dw w)). The sum runs over keys, and since sum(dw w) = sum(g y)
 * it is taken over the few entries of a row of y instead (Dao et al. 2022, FlashAttention, arXiv:2205.14135, appendix B.4):
 * two passes over the scores where the rule of a softmax alone takes four.
 */
function softmaxMatMulRule(node: Node<'SoftmaxMatMul'>, g: Node): Node[] {
  const value = node.inputs[1];
  const weights = ops.softmaxWeights(node);
  const along = ops.sum(ops.mul(g, node), -1, true); // [..., rows, 1]
  const ds = ops.mul(ops.sub(ops.matmul(g, value, { transB: true }), along), weights);
  return [ds, ops.matmul(weights, g, { transA: true })];
}

/**
 * y = x r w with r = 1 / rms(x), r [..., 1] saved by the forward operator:
 * dx = r (g w) - x r^3 mean(g w x), dw = sum of g x r over all rows.
 */
function rmsNormRule(node: Node, g: Node): Node[] {
  const [x, weight] = node.inputs as [Node, Node];
  const r = ops.statistic(node, 1);
  const gw = ops.mul(g, weight);
  const along = ops.mean(ops.mul(gw, x), -1, true);
  const pull = ops.mul(along, ops.mul(ops.square(r), r));
  const dx = ops.sub(ops.mul(gw, r), ops.mul(x, pull));
  return [dx, sumTo(ops.mul(ops.mul(g, r), x), weight.shape)];
}

/** y = h w + b with h = (x - mean) r: dx = r (gw - mean(gw) - h mean(gw h)). */
function layerNormRule(node: Node, g: Node): Node[] {
  const [x, weight, bias] = node.inputs as [Node, Node, Node];
  const h = ops.mul(ops.sub(ops.tie(x, g), ops.statistic(node, 1)), ops.statistic(node, 2));
  const gw = ops.mul(g, weight);
  const centred = ops.sub(gw, ops.mean(gw, -1, true));
  const along = ops.mul(h, ops.mean(ops.mul(gw, h), -1, true));
  const dx = ops.mul(ops.sub(centred, along), ops.statistic(node, 2));
  return [dx, sumTo(ops.mul(g, h), weight.shape), sumTo(g, bias.shape)];
}
