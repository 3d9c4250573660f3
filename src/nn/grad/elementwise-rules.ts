import type { Node } from '../graph.js';
import * as ops from '../ops.js';
import { sameShape } from '../shapes.js';

/** Sums a gradient down to the shape that was broadcast to it. */
export function sumTo(g: Node, shape: readonly number[]): Node {
  if (sameShape(g.shape, shape)) return g;
  const lead = g.shape.length - shape.length;
  const axes = g.shape.flatMap((dim, i) => (i < lead || (shape[i - lead] === 1 && dim !== 1) ? [i] : []));
  return ops.reshape(ops.sum(g, axes, true), shape);
}

/** 1 where true, 0 where false. */
export function indicator(condition: Node): Node {
  return ops.cast(condition, 'float32');
}

export function mulRule({ inputs: [a, b] }: Node, g: Node): Node[] {
  const [x, y] = [a, b];
  return [sumTo(ops.mul(g, y), x.shape), sumTo(ops.mul(g, x), y.shape)];
}

export function divRule(node: Node, g: Node): Node[] {
  const [a, b] = node.inputs as [Node, Node];
  const ga = ops.div(g, b);
  return [sumTo(ga, a.shape), ops.neg(sumTo(ops.mul(ga, node), b.shape))];
}

/** Minimum and maximum: the winner takes the gradient, equals take half each. */
export function extremumRule(
  { inputs: [a, b] }: Node,
  g: Node,
  wins: (a: ops.Operand, b: ops.Operand) => Node,
): Node[] {
  const [x, y] = [a, b];
  const half = ops.where(ops.equal(x, y), ops.mul(g, 0.5), 0);
  return [sumTo(ops.where(wins(x, y), g, half), x.shape), sumTo(ops.where(wins(y, x), g, half), y.shape)];
}

/**
 * y = x s with s = sigmoid(x): dy/dx = s + y (1 - s). The sigmoid is recomputed when the gradient arrives.
 */
export function siluRule(x: Node, g: Node, y: Node): Node {
  const s = ops.sigmoid(ops.tie(x, g));
  return ops.mul(g, ops.add(s, ops.sub(y, ops.mul(y, s))));
}

const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);

/** Derivative from x alone, recomputed when the gradient arrives, so that only x stays alive in between. */
export function geluRule(node: Node<'Gelu'>, g: Node): Node[] {
  const x = ops.tie(node.inputs[0], g);
  const x2 = ops.square(x);
  if (node.attrs.approximate === 'none') {
    // Phi(x) + x phi(x)
    const cdf = ops.mul(ops.add(ops.erf(ops.mul(x, Math.SQRT1_2)), 1), 0.5);
    const density = ops.mul(ops.exp(ops.mul(x2, -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return [ops.mul(g, ops.add(cdf, ops.mul(x, density)))];
  }
  // 0.5 (1 + t) + 0.5 x (1 - t^2) u' with t = tanh(u), u = sqrt(2 / pi) (x + 0.044715 x^3)
  const u = ops.mul(x, ops.add(ops.mul(x2, SQRT_2_OVER_PI * 0.044715), SQRT_2_OVER_PI));
  const t = ops.tanh(u);
  const slope = ops.add(ops.mul(x2, SQRT_2_OVER_PI * 3 * 0.044715), SQRT_2_OVER_PI);
  const inner = ops.mul(ops.mul(x, ops.sub(1, ops.square(t))), slope);
  return [ops.mul(ops.mul(g, 0.5), ops.add(ops.add(t, 1), inner))];
}
