/** Completions in order of reward, best first, within each prompt. */
import { deviation } from '#src/common/statistics.js';

export interface ScoredCompletion {
  completionId: string;
  promptId: string;
  score: number;
  /** Disagreement of an ensemble; null for a single member. */
  memberScores: number[] | null;
}

export interface RankedCompletion {
  completionId: string;
  promptId: string;
  score: number;
  /** 1 is the best of its prompt; equal scores share a rank. */
  rank: number;
  /** (score - mean) / deviation of the reward model's rewards on its evaluation completions; null without an evaluation. */
  normalizedScore: number | null;
  /** Standard deviation of the members' scores; null for a single one. */
  disagreement: number | null;
}

/** Mean and deviation that make the rewards of one reward model comparable with those of another. */
export interface RewardScale {
  mean: number;
  deviation: number;
}

export const scaleOf = (evaluation: { rewardMean: number; rewardDeviation: number } | null): RewardScale | null =>
  evaluation && { mean: evaluation.rewardMean, deviation: evaluation.rewardDeviation };

/** Prompts in order of first appearance; ties in order of appearance. */
export function rankCompletions(completions: readonly ScoredCompletion[], scale: RewardScale | null): RankedCompletion[] {
  const ranks = ranksWithin(completions.map(({ promptId, score }) => ({ group: promptId, score })));
  const ranked = completions.map(({ memberScores, ...completion }, i) => ({
    ...completion,
    rank: ranks[i]!,
    normalizedScore: scale && normalizedScore(completion.score, scale),
    disagreement: memberScores && deviation(memberScores),
  }));
  const byPrompt = new Map<string, RankedCompletion[]>();
  for (const completion of ranked) byPrompt.set(completion.promptId, [...(byPrompt.get(completion.promptId) ?? []), completion]);
  return [...byPrompt.values()].flatMap((group) => group.sort((a, b) => a.rank - b.rank));
}

/** Rank of each item among the scored items of its group: 1 plus the number of better ones; null without a score. */
export function ranksWithin(items: readonly { group: string; score: number | null }[]): (number | null)[] {
  const byGroup = new Map<string, number[]>();
  for (const { group, score } of items) {
    if (score === null) continue;
    const scores = byGroup.get(group);
    if (scores) scores.push(score);
    else byGroup.set(group, [score]);
  }
  for (const scores of byGroup.values()) scores.sort((a, b) => b - a);
  return items.map(({ group, score }) => (score === null ? null : 1 + byGroup.get(group)!.indexOf(score)));
}

/** A reward model that gives everything the same reward has no scale to speak of: 0. */
export function normalizedScore(score: number, { mean, deviation: spread }: RewardScale): number {
  return spread > 0 ? (score - mean) / spread : 0;
}
