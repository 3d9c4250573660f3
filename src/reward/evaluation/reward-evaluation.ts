/** Evaluation of a trained reward model: its accuracy, compared with content-blind rules, and its scale. */
import { correlation, deviation, mean } from '#src/common/statistics.js';
import { calibrate, type Calibration } from './calibration.js';
import { bootstrapMean, gapOf, pointsOf, rewardAccuracy, type Proportion } from './pair-accuracy.js';
import { ceilingOf, evaluationSlices, longestPoints, nullsOf, type EvaluationSlice, type JudgedPair, type RewardNulls } from './evaluation-slices.js';
import { disagreementOf, ensembleRewards } from '#src/rl/reward/ensemble.js';
import { type PairFacts } from './pair-facts.repository.js';
import { type StoredGroup } from '../data/preference-data.service.js';
import { charactersOf } from '../data/training-pairs.js';

export const evaluatedSplits = ['eval', 'train'] as const;
export type EvaluatedSplit = (typeof evaluatedSplits)[number];

export const contentBlindRules = ['longest', 'shortest', 'first'] as const;
export type ContentBlindRule = (typeof contentBlindRules)[number];

/** Against the best of the rules that read no text, on the same pairs. */
export interface NullContest {
  rule: ContentBlindRule;
  /** Accuracy of the reward model minus that of the rule. */
  gain: Proportion;
}

export interface MemberEvaluation {
  member: number;
  accuracy: number;
  /** Mean of its rewards on the evaluated completions, subtracted before an ensemble averages. */
  rewardMean: number;
}

export interface RewardEvaluation {
  /** `eval`: prompts that training never saw. `train` when the pair set has no others: then nothing is proved. */
  split: EvaluatedSplit;
  evalPairs: number;
  evalPrompts: number;
  accuracy: Proportion;
  margin: number;
  loss: number;
  /** Calibration error before temperature scaling. */
  calibrationError: number;
  calibration: Calibration;
  nulls: RewardNulls;
  bestNull: NullContest;
  /** How often two labelers agree; what no reward model of these ratings can be expected to pass. */
  preferenceCeiling: number | null;
  /** Accuracy on as many pairs that it was trained on; null where they are the evaluated ones. */
  trainAccuracy: number | null;
  /** Correlation of reward and length within prompts; null: not measured. */
  lengthCorrelation: number | null;
  slices: EvaluationSlice[];
  members: MemberEvaluation[];
  /** Mean deviation of the members' rewards; null for a single one. */
  disagreement: number | null;
  /** Standard deviation of the rewards of the evaluated completions, used for normalized scores. */
  rewardMean: number;
  rewardDeviation: number;
  trainPairs: number;
  /** Texts that were longer than `maxTokens`, in training. */
  truncatedTexts: number;
  steps: number;
}

/** Figures that do not come from the rewards. */
export type EvaluationFacts = Pick<RewardEvaluation, 'split' | 'trainAccuracy' | 'trainPairs' | 'truncatedTexts' | 'steps'>;

export interface ScoredGroups {
  groups: readonly StoredGroup[];
  /** By member: rewards of all completions, group after group. */
  memberRewards: readonly Float64Array[];
}

/**
 * @param facts of the pairs, by their numbers
 * @throws RangeError without pairs, or when a reward is not finite
 */
export function evaluateRewards(
  { groups, memberRewards }: ScoredGroups,
  pairFacts: readonly PairFacts[],
  facts: EvaluationFacts,
  seed: string | number,
): RewardEvaluation {
  const offsets = memberRewards.map((rewards) => mean(rewards));
  const rewards = ensembleRewards(memberRewards, offsets);
  const pairs = judgedPairs(groups, rewards, pairFacts);
  const { pairs: evalPairs, prompts: evalPrompts, ...figures } = rewardAccuracy(pairs, seed);
  const calibration = calibrate(pairs.map(({ promptId }) => promptId), pairs.map(gapOf));
  return {
    ...facts,
    evalPairs,
    evalPrompts,
    ...figures,
    calibrationError: calibration.errorBefore,
    calibration,
    nulls: nullsOf(pairs),
    bestNull: bestNull(pairs, seed),
    preferenceCeiling: ceilingOf(pairs),
    lengthCorrelation: lengthCorrelation(groups, rewards),
    slices: evaluationSlices(pairs, seed),
    members: memberRewards.map((own, member) => ({
      member,
      accuracy: mean(judgedPairs(groups, own, pairFacts).map(pointsOf)),
      rewardMean: offsets[member],
    })),
    disagreement: memberRewards.length > 1 ? mean(disagreementOf(memberRewards, offsets)) : null,
    rewardMean: mean(rewards),
    rewardDeviation: deviation(rewards),
  };
}

/** Share of pairs that are right, without any of the rest. */
export function plainAccuracy({ groups, memberRewards }: ScoredGroups): number {
  const rewards = ensembleRewards(memberRewards, memberRewards.map(() => 0));
  return mean(rewardPairs(groups, rewards).map(pointsOf));
}

function judgedPairs(groups: readonly StoredGroup[], rewards: ArrayLike<number>, pairFacts: readonly PairFacts[]): JudgedPair[] {
  const byOrdinal = new Map(pairFacts.map((facts) => [facts.ordinal, facts]));
  return rewardPairs(groups, rewards).map(({ ordinal, ...pair }) => ({ ...pair, facts: byOrdinal.get(ordinal)! }));
}

function rewardPairs(groups: readonly StoredGroup[], rewards: ArrayLike<number>) {
  let offset = 0;
  return groups.flatMap(({ promptId, completions, pairs }) => {
    const start = offset;
    offset += completions.length;
    return pairs.map(({ ordinal, chosen, rejected }) => ({
      promptId,
      ordinal,
      chosenReward: rewards[start + chosen],
      rejectedReward: rewards[start + rejected],
    }));
  });
}

/** The best rule is chosen on the same pairs, which is in its favour. */
function bestNull(pairs: readonly JudgedPair[], seed: string | number): NullContest {
  const points: Record<ContentBlindRule, number[]> = {
    longest: pairs.map(({ facts }) => longestPoints(facts)),
    shortest: pairs.map(({ facts }) => 1 - longestPoints(facts)),
    first: pairs.map(({ facts }) => facts.first),
  };
  const rule = contentBlindRules.reduce((best, next) => (mean(points[next]) > mean(points[best]) ? next : best));
  const gains = pairs.map((pair, i) => pointsOf(pair) - points[rule][i]);
  return { rule, gain: bootstrapMean(pairs.map(({ promptId }) => promptId), gains, seed) };
}

function lengthCorrelation(groups: readonly StoredGroup[], rewards: ArrayLike<number>): number {
  const lengths: number[] = [];
  const centered: number[] = [];
  let offset = 0;
  for (const { completions } of groups) {
    const own = completions.map((_, i) => rewards[offset + i]);
    const sizes = completions.map(charactersOf);
    offset += completions.length;
    lengths.push(...sizes.map((size) => size - mean(sizes)));
    centered.push(...own.map((reward) => reward - mean(own)));
  }
  return correlation(lengths, centered);
}
