import type { Node } from '../graph.js';
import { matmul } from '../ops.js';
import { sumTo } from './elementwise-rules.js';

/**
 * Each product uses the flags of the forward one instead of explicit transposes; broadcast batches are
 * summed.
 */
export function matMulRule(node: Node<'MatMul'>, g: Node): Node[] {
  const [a, b] = node.inputs as [Node, Node];
  const { transA, transB } = node.attrs;
  const ga = transA
    ? matmul(b, g, { transA: transB, transB: true }) // a^T is used: da = op(b) g^T
    : matmul(g, b, { transB: !transB });
  const gb = transB
    ? matmul(g, a, { transA: true, transB: transA }) // b^T is used: db = g^T op(a)
    : matmul(a, g, { transA: !transA });
  return [sumTo(ga, a.shape), sumTo(gb, b.shape)];
}
