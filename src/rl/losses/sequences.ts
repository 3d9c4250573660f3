/** Sums over the tokens of each completion, where a batch is flat: token t belongs to the completion `sequence[t]`. */
import { constant, type Node } from '#src/nn/graph.js';
import { gather, scatterAdd } from '#src/nn/ops.js';
import { zeros } from '#src/nn/tensor.js';

/** values float32 [tokens], sequence int64 [tokens] -> float32 [count] */
export function sumBySequence(values: Node, sequence: Node, count: number): Node {
  return scatterAdd(constant(zeros([count])), sequence, values, 0);
}

/** values float32 [count], sequence int64 [tokens] -> float32 [tokens] */
export function toTokens(values: Node, sequence: Node): Node {
  return gather(values, sequence, 0);
}
