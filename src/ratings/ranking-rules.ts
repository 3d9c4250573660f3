// A ranking is groups of completions, best first; those in one group are tied. A comparison is a ranking of two.
import { shorten, type ProblemDetail } from '#src/common/problem.js';

export type RankingGroups = readonly (readonly string[])[];

export interface RankingRefusal {
  code: 'ranking_inconsistent' | 'score_contradicts_ranking';
  detail: ProblemDetail;
}

/** Rank of each completion, 1 is the best; tied ones share a rank and the next group's follows theirs. */
export function ranksOf(groups: RankingGroups): Map<string, number> {
  return new Map(groups.flatMap((group, i) => group.map((id) => [id, i + 1] as const)));
}

/**
 * Whether the groups hold each completion once and nothing else.
 *
 * @param completions ids in lower case, as those in `groups`; null where the ranking itself says which they are
 */
export function rankingMistake(groups: RankingGroups, completions: readonly string[] | null, pointer = '/ranking'): RankingRefusal | undefined {
  const seen = new Set<string>();
  for (const [g, group] of groups.entries()) {
    if (group.length === 0) return inconsistent(`${pointer}/${g}`, 'notEmpty', 'a group of tied completions must not be empty');
    for (const [i, id] of group.entries()) {
      const place = `${pointer}/${g}/${i}`;
      if (seen.has(id)) return inconsistent(place, 'rankedOnce', 'this completion is ranked twice', id);
      if (completions && !completions.includes(id)) return inconsistent(place, 'ranked', 'this completion is not one of those to be ranked', id);
      seen.add(id);
    }
  }
  const missing = completions?.find((id) => !seen.has(id));
  if (missing !== undefined) return inconsistent(pointer, 'complete', 'every completion must be ranked; this one is missing', missing);
  return seen.size < 2 ? inconsistent(pointer, 'atLeastTwo', 'a ranking needs at least two completions') : undefined;
}

/** Scores given with a ranking must not rise along it, nor differ within a tie. A coarse scale may give equals to unequals. */
export function contradiction(groups: RankingGroups, scores: ReadonlyMap<string, number>): RankingRefusal | undefined {
  const ranks = [...ranksOf(groups)].filter(([id]) => scores.has(id));
  for (const [better, rank] of ranks) {
    for (const [worse, other] of ranks) {
      const [high, low] = [scores.get(better)!, scores.get(worse)!];
      if (rank < other && high < low) return contradicts(`${better} is ranked above ${worse} and scored ${high} against ${low}`, better);
      if (rank === other && high !== low) return contradicts(`${better} and ${worse} are tied and scored ${high} and ${low}`, better);
    }
  }
  return undefined;
}

function inconsistent(pointer: string, rule: string, message: string, value?: string): RankingRefusal {
  return { code: 'ranking_inconsistent', detail: { pointer, rule, message, ...(value !== undefined && { value: shorten(value) }) } };
}

function contradicts(message: string, value: string): RankingRefusal {
  return { code: 'score_contradicts_ranking', detail: { pointer: '/scores', rule: 'followsRanking', message, value } };
}
