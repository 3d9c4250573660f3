/** Completions in order of reward, best first, within each prompt. */

export interface ScoredCompletion {
  completionId: string;
  promptId: string;
  score: number;
}

export interface RankedCompletion extends ScoredCompletion {
  /** 1 is the best of its prompt; equal scores share a rank. */
  rank: number;
  /** (score - mean) / deviation of the reward model's rewards on its evaluation completions. */
  normalizedScore: number;
}

/** Mean and deviation that make the rewards of one reward model comparable with those of another. */
export interface RewardScale {
  mean: number;
  deviation: number;
}

/** Prompts in order of first appearance; ties in order of appearance. */
export function rankCompletions(completions: readonly ScoredCompletion[], scale: RewardScale): RankedCompletion[] {
  const byPrompt = new Map<string, ScoredCompletion[]>();
  for (const completion of completions) {
    const group = byPrompt.get(completion.promptId);
    if (group) group.push(completion);
    else byPrompt.set(completion.promptId, [completion]);
  }
  return [...byPrompt.values()].flatMap((group) => {
    const sorted = [...group].sort((a, b) => b.score - a.score);
    return sorted.map((completion) => ({
      ...completion,
      rank: 1 + sorted.findIndex(({ score }) => score === completion.score),
      // A reward model that gives everything the same reward has no scale to speak of.
      normalizedScore: scale.deviation > 0 ? (completion.score - scale.mean) / scale.deviation : 0,
    }));
  });
}
