/**
 * The clipped policy loss of proximal policy optimization (Schulman et al. 2017, arXiv:1707.06347, equation 7). With
 * ratio = pi(token) / pi_old(token) and the token's advantage A:
 *
 *   loss = mean over tokens of max(-ratio A, -clip(ratio, 1 - low, 1 + high) A)
 *
 * What differs from the paper: the two clip bounds may differ (DAPO, arXiv:2503.14476, section 3.1), and there is no
 * entropy bonus, as in InstructGPT and TRL; and tokens that a copy of pi_old in fewer bits wrote are corrected for
 * (sampling-correction.ts).
 *
 * All nodes are flat float32 [tokens]; `weights` is 1 over the tokens of the optimizer step, 0 for padding, so that the
 * losses of micro-batches add up. In TRL means over tokens of the ratio and of approxkl count padding too; here not.
 */
import { type Node } from '#src/nn/graph.js';
import { add, cast, clip, exp, greater, maximum, minimum, mul, neg, square, sub, sum } from '#src/nn/ops.js';
import { samplingCorrection, type Sampled } from './sampling-correction.js';

export interface PpoPolicyInputs {
  /** log pi of each completion token under the weights in training. */
  logProbs: Node;
  /** The same under the weights that wrote the completions. */
  oldLogProbs: Node;
  advantages: Node;
  weights: Node;
  /** Of the quantized copy that sampled the tokens, if there was one. */
  sampled?: Sampled;
}

export interface PpoClip {
  clipLow: number;
  clipHigh: number;
}

/** Scalars. */
export interface PpoPolicyLoss {
  loss: Node;
  /** Half the mean square of the log-ratio: KL(old || new) to second order. */
  approxKl: Node;
  /** Share of tokens for which the clipped loss applies. */
  clipShare: Node;
  ratio: Node;
  /** If a quantized copy sampled: mean weight of its tokens, and mean |log pi_old - log mu|. */
  samplingWeight?: Node;
  samplingGap?: Node;
}

export function ppoPolicyLoss({ logProbs, oldLogProbs, advantages, weights, sampled }: PpoPolicyInputs, { clipLow, clipHigh }: PpoClip): PpoPolicyLoss {
  const average = (perToken: Node): Node => sum(mul(perToken, weights));
  const logRatio = sub(logProbs, oldLogProbs);
  const ratio = exp(logRatio);
  const plain = neg(mul(ratio, advantages));
  const clipped = neg(mul(clip(ratio, 1 - clipLow, 1 + clipHigh), advantages));
  const correction = sampled && samplingCorrection(oldLogProbs, sampled);
  const worst = maximum(plain, clipped);
  return {
    loss: average(correction ? mul(worst, correction.weight) : worst),
    approxKl: mul(average(square(logRatio)), 0.5),
    clipShare: average(cast(greater(clipped, plain), 'float32')),
    ratio: average(ratio),
    ...(correction && { samplingWeight: average(correction.weight), samplingGap: average(correction.gap) }),
  };
}

/**
 * The clipped value loss (Schulman et al. 2017, as in OpenAI's baselines; Huang et al. 2024, arXiv:2403.17031, detail 8).
 * With the value V of a token's state, the value V_old it had when the completion was written, and the return R:
 *
 *   loss = 1/2 mean over tokens of max((V - R)^2, (clip(V, V_old - range, V_old + range) - R)^2)
 *
 * A value that has left the range on the way to R gets no more gradient in this step; one that moved away from R does.
 * All nodes are flat float32 [tokens]; `weights` as above.
 */
export interface ValueLossInputs {
  values: Node;
  oldValues: Node;
  returns: Node;
  weights: Node;
}

/** Scalars. */
export interface ValueLoss {
  loss: Node;
  /** Share of tokens for which the clipped loss applies. */
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
