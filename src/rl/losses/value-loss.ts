/**
 * The clipped value loss (Schulman et al. 2017, as in OpenAI's baselines; Huang et al. 2024, arXiv:2403.17031, detail 8).
 * With the value V of a token's state, the value V_old it had when the completion was written, and the return R:
 *
 *   loss = 1/2 mean over tokens of max((V - R)^2, (clip(V, V_old - range, V_old + range) - R)^2)
 *
 * A value that has left the range on the way to R gets no more gradient in this step; one that moved away from R does.
 * All nodes are flat float32 [tokens]; `weights` as in policy-loss.ts.
 */
import { type Node } from '#src/nn/graph.js';
import { add, cast, greater, maximum, minimum, mul, square, sub, sum } from '#src/nn/ops.js';

export interface ValueLossInputs {
  values: Node;
  oldValues: Node;
  returns: Node;
  weights: Node;
}

/** Scalars. */
export interface ValueLoss {
  loss: Node;
  /** Share of tokens whose clipped loss is the one that counts. */
  clipShare: Node;
}

export function clippedValueLoss({ values, oldValues, returns, weights }: ValueLossInputs, range: number): ValueLoss {
  const average = (perToken: Node): Node => sum(mul(perToken, weights));
  const near = minimum(maximum(values, sub(oldValues, range)), add(oldValues, range));
  const plain = square(sub(values, returns));
  const clipped = square(sub(near, returns));
  return {
    loss: mul(average(maximum(plain, clipped)), 0.5),
    clipShare: average(cast(greater(clipped, plain), 'float32')),
  };
}
