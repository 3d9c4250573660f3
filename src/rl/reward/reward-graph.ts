/** The graph from token ids to the loss of one batch, with the figures that are reported about it. */
import { input, type Node } from '#src/nn/graph.js';
import { add, cast, div, equal, gather, greater, max, maximum, mul, neg, slice, sub, sum, where } from '#src/nn/ops.js';
import { decoderForward, valueHead, type Entry, type Model } from '#src/lm/model/transformer.js';
import { bradleyTerryLoss, weightedMean, type PairRewards, type TieModel } from '../losses/bradley-terry.js';
import { pointwiseLoss } from '../losses/pointwise.js';
import { type BatchSize } from '../batch/preference-batch.js';

export const rewardObjectives = ['pairwise', 'pointwise'] as const;
export type RewardObjective = (typeof rewardObjectives)[number];

/** Treatment of the ties in the pair set: see tie-losses.ts. */
export const tieTreatments = ['ignore', 'half', 'rao_kupper'] as const;
export type TieTreatment = (typeof tieTreatments)[number];

export interface LossOptions {
  objective: RewardObjective;
  centering: number;
  labelSmoothing: number;
  ties?: TieTreatment;
  tieThreshold?: number;
}

/** Rewards [texts], and the hidden states between layers. */
export interface Rewards {
  rewards: Node;
  blocks: Node[];
}

/** Scalars; `mean_reward min_reward max_reward` are over the completions of pairs, as in TRL. */
export interface RewardLoss {
  loss: Node;
  metrics: Record<'accuracy' | 'margin' | 'mean_reward' | 'min_reward' | 'max_reward', Node>;
  blocks: Node[];
}

/**
 * Of packed texts. Feeds: those of packing, and `last` int64 [texts]; from a layer `entry` on, `hidden` float32
 * [rows, time, hidden], the states that enter it, in the place of `ids`.
 */
export function rewardsGraph(model: Model, { rows, time, texts }: Omit<BatchSize, 'pairs'>, entry?: number): Rewards {
  const layout = { positions: input('positions', 'int64', [rows, time]), mask: input('attentionMask', 'float32', [rows, 1, time, time]) };
  const wanted = input('last', 'int64', [texts]);
  const ids = (): Node => input('ids', 'int64', [rows, time]);
  const states = (layer: number): Entry => ({ layer, hidden: input('hidden', 'float32', [rows, time, model.config.hiddenSize]) });
  const { hidden, blocks } = decoderForward(model, entry === undefined ? ids() : states(entry), layout, { wanted });
  return { rewards: valueHead(model, hidden), blocks };
}

/** Feeds: those of a `PreferenceBatch` of this size; `entry` as in `rewardsGraph`. */
export function rewardLossGraph(model: Model, size: BatchSize, options: LossOptions, entry?: number): RewardLoss {
  const { pairs } = size;
  const { rewards, blocks } = rewardsGraph(model, size, entry); // [texts]
  const weights = input('weights', 'float32', [pairs]);
  const chosen = gather(rewards, input('chosen', 'int64', [pairs]), 0); // [pairs]
  const rejected = gather(rewards, input('rejected', 'int64', [pairs]), 0); // [pairs]
  const sides = { chosen, rejected, weights };
  const { ties = 'ignore' } = options;
  // Inputs that the objective does not need are left out of the graph; their feeds are ignored.
  const tied = ties === 'ignore' ? undefined : input('tied', 'float32', [pairs]);
  const loss = options.objective === 'pairwise' ? pairwiseLoss(sides, options, tied) : pointwiseLoss(sides, { ...options, tied });
  return { loss, metrics: pairMetrics(sides, tied), blocks };
}

function pairwiseLoss(sides: PairRewards, options: LossOptions, tied: Node | undefined): Node {
  const { tieThreshold = 0 } = options;
  const model: TieModel = options.ties === 'rao_kupper' ? { kind: 'rao_kupper', threshold: tieThreshold } : { kind: 'half' };
  const margin = input('margins', 'float32', sides.weights.shape);
  return bradleyTerryLoss(sides, { ...options, margin, ties: tied && { tied, model } });
}

/** If all pairs are ties, accuracy and margin are 0: the step counts no pairs. */
function pairMetrics({ chosen, rejected, weights }: PairRewards, tied: Node | undefined): RewardLoss['metrics'] {
  const right = add(indicator(greater(chosen, rejected)), mul(indicator(equal(chosen, rejected)), 0.5)); // [pairs]
  const decided = tied ? mul(weights, sub(1, tied)) : weights; // [pairs]
  const overDecided = (values: Node): Node => div(sum(mul(values, decided)), maximum(sum(decided), smallestWeight));
  // Pairs that only pad must not be the extreme ones: a real value takes their place.
  const real = greater(weights, 0);
  const first = (values: Node): Node => slice(values, 0, 0, 1); // [1]
  const only = (values: Node): Node => where(real, values, first(values)); // [pairs]
  const [c, r] = [only(chosen), only(rejected)];
  return {
    accuracy: overDecided(right),
    margin: overDecided(sub(chosen, rejected)),
    mean_reward: weightedMean(mul(add(chosen, rejected), 0.5), weights),
    min_reward: neg(max(maximum(neg(c), neg(r)))),
    max_reward: max(maximum(c, r)),
  };
}

const smallestWeight = 1e-12;

const indicator = (condition: Node): Node => cast(condition, 'float32');
