/**
 * REINFORCE with a leave-one-out baseline (Ahmadian et al. 2024, "Back to Basics", arXiv:2402.14740, section 3; the
 * baseline is Kool et al. 2019). For k completions of a prompt with rewards R, a completion is one action:
 *
 *   R_i = score_i - beta sum over its tokens of (log pi_old - log ref)
 *   A_i = R_i - mean of the other k - 1 rewards
 *   loss = -1/B sum over completions of min(ratio A, clip(ratio, 1 - low, 1 + high) A)
 *   ratio = pi(completion) / pi_old(completion)
 *
 * On the completions of the present policy the ratio is 1 and the gradient that of REINFORCE, -A grad log pi. The KL is
 * part of the reward, where it needs no gradient, and not of the loss as in GRPO; as an average of log-ratios it may be
 * negative on a sample.
 *
 * What differs from the paper: the ratio and its clipping, which let several optimizer steps use the same completions
 * (as TRL does), advantages that may be normalised over the batch, and completions that a copy of pi_old in fewer bits wrote,
 * which are corrected for (sampling-correction.ts).
 */
import { mean, sampleDeviation } from '#src/common/statistics.js';
import { type Node } from '#src/nn/graph.js';
import { add, and, cast, clip, exp, greater, less, minimum, mul, neg, stopGradient, sub, sum } from '#src/nn/ops.js';
import { rewardGroups, spread, type GroupAdvantages } from './advantages.js';
import { samplingCorrection, type Sampled } from './sampling-correction.js';
import { sumBySequence } from './sequences.js';

/** Added to the deviation, as TRL does. */
const epsilon = 1e-4;

/**
 * @param rewards group after group, each of `groupSize`; the KL is taken off already
 * @param normalize shift and scale the advantages of the batch to mean 0 and deviation 1
 * @throws RangeError when the rewards are not whole groups of at least 2, or one is not finite
 */
export function leaveOneOutAdvantages(rewards: readonly number[], groupSize: number, normalize: boolean): GroupAdvantages {
  const groups = rewardGroups(rewards, groupSize);
  const stds = groups.map(sampleDeviation);
  const raw = groups.flatMap((group) => {
    const total = group.reduce((sum, reward) => sum + reward, 0);
    return group.map((reward) => reward - (total - reward) / (groupSize - 1));
  });
  const [center, scale] = normalize ? [mean(raw), sampleDeviation(raw) + epsilon] : [0, 1];
  return {
    advantages: raw.map((advantage) => (advantage - center) / scale),
    ...spread(stds),
  };
}

export interface RlooInputs {
  /** log pi of each completion token, float32 [tokens]. */
  logProbs: Node;
  /** The same under the weights that wrote the completions; left out when these are the weights in training. */
  oldLogProbs?: Node;
  /** Of the quantized copy that sampled the tokens, if there was one. */
  sampled?: Sampled;
  /** 1 for tokens of the loss, 0 for padding, float32 [tokens]. */
  mask: Node;
  /** Which completion a token belongs to, int64 [tokens]. */
  sequence: Node;
  /** float32 [completions] */
  advantages: Node;
  /** float32 [completions]: 1 over the completions of the whole optimizer step, 0 for one that only pads. */
  weights: Node;
}

export interface RlooOptions {
  clipLow: number;
  clipHigh: number;
}

/** Scalars; shares are of completions. */
export interface RlooLoss {
  loss: Node;
  clipLowShare: Node;
  clipHighShare: Node;
  clipShare: Node;
  /** If a quantized copy sampled: mean weight of its completions, and mean |log pi_old - log mu| of a completion. */
  samplingWeight?: Node;
  samplingGap?: Node;
}

export function rlooLoss(inputs: RlooInputs, { clipLow, clipHigh }: RlooOptions): RlooLoss {
  const { logProbs, mask, sequence, advantages, weights, sampled } = inputs;
  const old = inputs.oldLogProbs ?? stopGradient(logProbs);
  const byCompletion = (tokens: Node): Node => sumBySequence(mul(tokens, mask), sequence, advantages.shape[0]); // [completions]
  const ratio = exp(byCompletion(sub(logProbs, old)));
  const clipped = clip(ratio, 1 - clipLow, 1 + clipHigh);
  const correction = sampled && samplingCorrection(byCompletion(old), { ...sampled, logProbs: byCompletion(sampled.logProbs) });
  const plain = minimum(mul(ratio, advantages), mul(clipped, advantages)); // [completions]
  const surrogate = correction ? mul(plain, correction.weight) : plain;
  const average = (values: Node): Node => sum(mul(values, weights));
  const share = (held: Node): Node => average(cast(held, 'float32'));
  const low = share(and(less(ratio, 1 - clipLow), less(advantages, 0)));
  const high = share(and(greater(ratio, 1 + clipHigh), greater(advantages, 0)));
  return {
    loss: neg(average(surrogate)),
    clipLowShare: low,
    clipHighShare: high,
    clipShare: add(low, high),
    ...(correction && { samplingWeight: average(correction.weight), samplingGap: average(correction.gap) }),
  };
}
