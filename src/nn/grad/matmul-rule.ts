import type { Node } from '../graph.js';
import { matmul, mul, softmaxWeights, sub, sum } from '../ops.js';
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

/**
 * y = w v with w = softmax(s): dw = g v^T and ds = w (dw - sum(dw w)). The sum runs over keys, and since sum(dw w) = sum(g y)
 * it is taken over the few entries of a row of y instead (Dao et al. 2022, FlashAttention, arXiv:2205.14135, appendix B.4):
 * two passes over the scores where the rule of a softmax alone takes four.
 */
export function softmaxMatMulRule(node: Node<'SoftmaxMatMul'>, g: Node): Node[] {
  const value = node.inputs[1];
  const weights = softmaxWeights(node);
  const along = sum(mul(g, node), -1, true); // [..., rows, 1]
  const ds = mul(sub(matmul(g, value, { transB: true }), along), weights);
  return [ds, matmul(weights, g, { transA: true })];
}
