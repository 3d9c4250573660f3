/** What is reported about a trained reward model: its accuracy beside the rules that read no text, and its scale. */
import { deviation, mean } from '#src/common/statistics.js';
import { rewardAccuracy, type EvaluatedPair, type Proportion } from './evaluation.js';
import { type StoredGroup } from './preference-data.repository.js';

export const evaluatedSplits = ['eval', 'train'] as const;

export interface RewardNulls {
  longest: number | null;
  shortest: number | null;
  first: number | null;
  majority: number | null;
}

export interface RewardEvaluation {
  /** `eval`: prompts that training never saw. `train` when the pair set has no others: then nothing is proved. */
  split: (typeof evaluatedSplits)[number];
  evalPairs: number;
  evalPrompts: number;
  accuracy: Proportion;
  margin: number;
  loss: number;
  calibrationError: number;
  nulls: RewardNulls;
  /** How often two labelers agree; what no reward model of these ratings can be expected to pass. */
  preferenceCeiling: number | null;
  /** Of the rewards of the evaluated completions; normalized scores are measured with it. */
  rewardMean: number;
  rewardDeviation: number;
  trainPairs: number;
  /** Texts that were longer than `maxTokens`, in training. */
  truncatedTexts: number;
  steps: number;
}

/** Figures that do not come from the rewards. */
export type EvaluationFacts = Pick<RewardEvaluation, 'split' | 'nulls' | 'preferenceCeiling' | 'trainPairs' | 'truncatedTexts' | 'steps'>;

/** @param rewards of all completions, group after group */
export function evaluateRewards(
  groups: readonly StoredGroup[],
  rewards: Float64Array,
  facts: EvaluationFacts,
  seed: string | number,
): RewardEvaluation {
  let offset = 0;
  const pairs: EvaluatedPair[] = groups.flatMap(({ promptId, completions, pairs: own }) => {
    const start = offset;
    offset += completions.length;
    return own.map(({ chosen, rejected }) => ({
      promptId,
      chosenReward: rewards[start + chosen],
      rejectedReward: rewards[start + rejected],
    }));
  });
  const { pairs: evalPairs, prompts: evalPrompts, ...figures } = rewardAccuracy(pairs, seed);
  return { ...facts, evalPairs, evalPrompts, ...figures, rewardMean: mean(rewards), rewardDeviation: deviation(rewards) };
}
