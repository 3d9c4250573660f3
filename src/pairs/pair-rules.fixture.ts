// How ratings become pairs, in plain TypeScript: the reference that the set-based SQL of pair-sql.ts is
// tested against. Slow and memory-hungry on purpose; production never runs it.
import { createHash } from 'node:crypto';
import { textKey } from '#src/common/text.js';
import type { PairSetConfig, Split } from './pair-set-config.js';

export interface RatingFact {
  id: string;
  promptId: string;
  promptText: string;
  completionId: string;
  labelerId: string;
  score: number;
  supersedesId: string | null;
}

/** A ranking or a comparison. */
export interface PreferenceFact {
  id: string;
  promptId: string;
  promptText: string;
  labelerId: string;
  /** Best first; those in one group are tied. */
  groups: string[][];
  supersedesId: string | null;
}

export interface PairFact {
  ordinal: number;
  promptId: string;
  chosenCompletionId: string;
  rejectedCompletionId: string;
  chosenScore: number;
  rejectedScore: number;
  tie: boolean;
  split: Split;
  weight: number | null;
}

/** By labeler: what a score of theirs weighs, and what a vote. */
export interface LabelerWeighing {
  scores: ReadonlyMap<string, number>;
  votes: ReadonlyMap<string, number>;
}

export interface BuiltPairs {
  /** Ratings that were aggregated. */
  ratingIds: string[];
  /** Rankings and comparisons that had a vote. */
  preferenceIds: string[];
  pairs: PairFact[];
}

type Rules = Omit<PairSetConfig, 'promptSetId' | 'completionBatchId' | 'includePilots' | 'includeGold'>;

/** @param weights for `reliability-weighted` and `pairWeights` */
export function buildPairs(
  ratings: readonly RatingFact[],
  rules: Rules,
  weights: LabelerWeighing = { scores: new Map(), votes: new Map() },
  preferences: readonly PreferenceFact[] = [],
): BuiltPairs {
  const superseded = new Set(ratings.map((rating) => rating.supersedesId));
  const standing = ratings.filter(
    (rating) => !superseded.has(rating.id) && (rules.labelerIds?.includes(rating.labelerId) ?? true),
  );
  const effective = latestBy(standing, (rating) => `${rating.completionId}/${rating.labelerId}`);
  const enough = [...groupBy(effective, (rating) => rating.completionId).values()].filter(
    (group) => group.length >= rules.minimumRatings,
  );
  const scored = enough.map((group) => ({
    promptId: group[0].promptId,
    promptText: group[0].promptText,
    completionId: group[0].completionId,
    score: aggregate(group.map((rating) => rating.score), rules.aggregation, group.map((rating) => weights.scores.get(rating.labelerId)!)),
    trust: sum(group.map((rating) => weights.scores.get(rating.labelerId)!)),
  }));
  const replaced = new Set(preferences.map((preference) => preference.supersedesId));
  const voting = preferences.filter(
    (preference) => !replaced.has(preference.id) && (rules.labelerIds?.includes(preference.labelerId) ?? true),
  );
  const byPrompt = groupBy(scored, (completion) => completion.promptId);
  const votesByPrompt = groupBy(voting, (preference) => preference.promptId);
  const pairs = [...new Set([...byPrompt.keys(), ...votesByPrompt.keys()])]
    .sort(compare)
    .flatMap((promptId) => pairsOfPrompt(promptId, byPrompt.get(promptId) ?? [], votesByPrompt.get(promptId) ?? [], rules, weights.votes));
  return {
    ratingIds: enough.flat().map((rating) => rating.id),
    preferenceIds: voting.map((preference) => preference.id),
    pairs: pairs.map((pair, ordinal) => ({ ordinal, ...pair })),
  };
}

function pairsOfPrompt(
  promptId: string,
  completions: { promptText: string; completionId: string; score: number; trust: number }[],
  preferences: readonly PreferenceFact[],
  rules: Rules,
  weights: LabelerWeighing['votes'],
): Omit<PairFact, 'ordinal'>[] {
  const found: (Omit<PairFact, 'ordinal'> & { key: string })[] = decidedPairs(promptId, preferences, rules, weights);
  const decided = new Set(found.map(({ key }) => key));
  for (const a of completions) {
    for (const b of completions) {
      if (a.completionId === b.completionId) continue;
      const tie = a.score === b.score;
      const preferred = tie ? tiesBefore(a.completionId, b.completionId, rules.seed) : a.score > b.score;
      const kept = tie ? rules.ties === 'keep' : a.score - b.score >= rules.minimumMargin;
      const key = pairKey(a.completionId, b.completionId, rules.seed);
      if (!preferred || !kept || decided.has(key)) continue;
      found.push({
        promptId,
        chosenCompletionId: a.completionId,
        rejectedCompletionId: b.completionId,
        chosenScore: a.score,
        rejectedScore: b.score,
        tie,
        split: splitOf(a.promptText, rules.seed, rules.evalFraction),
        weight: rules.pairWeights === 'reliability' ? differenceReliability(a.trust, b.trust) : null,
        key,
      });
    }
  }
  const limit = rules.strategy === 'sample' ? rules.pairsPerPrompt! : Infinity;
  return found
    .sort((a, b) => compare(a.key, b.key))
    .slice(0, limit)
    .map(({ key: _, ...pair }) => pair);
}

/**
 * Pairs with enough votes, one of each labeler, and a majority, of weights where these count, or none where ties are kept; each
 * side scores its share of the votes, a tie being half a vote for both.
 */
function decidedPairs(
  promptId: string,
  preferences: readonly PreferenceFact[],
  rules: Rules,
  weights: LabelerWeighing['votes'],
): (Omit<PairFact, 'ordinal'> & { key: string })[] {
  const rankings = preferences.map(({ id, groups, labelerId }) => ({
    id,
    labelerId,
    rank: new Map(groups.flatMap((group, rank) => group.map((completion) => [completion, rank] as const))),
    trust: weights.get(labelerId)!,
  }));
  const ids = [...new Set(rankings.flatMap(({ rank }) => [...rank.keys()]))];
  return ids.flatMap((a) =>
    ids.flatMap((b) => {
      const voting = latestBy(rankings.filter(({ rank }) => rank.has(a) && rank.has(b)), ({ labelerId }) => labelerId);
      const vote = ({ trust }: { trust: number }) => (rules.aggregation === 'reliability-weighted' ? trust : 1);
      const all = sum(voting.map(vote));
      const net = sum(voting.map((ranking) => vote(ranking) * Math.sign(ranking.rank.get(b)! - ranking.rank.get(a)!)));
      if (a === b || voting.length < rules.minimumRatings || net < 0) return [];
      if (net === 0 && (rules.ties === 'drop' || !tiesBefore(a, b, rules.seed))) return [];
      const trust = sum(voting.map((ranking) => ranking.trust));
      return [
        {
          promptId,
          chosenCompletionId: a,
          rejectedCompletionId: b,
          chosenScore: (all + net) / (2 * all),
          rejectedScore: (all - net) / (2 * all),
          tie: net === 0,
          split: splitOf(preferences[0].promptText, rules.seed, rules.evalFraction),
          weight: rules.pairWeights === 'reliability' ? trust / (1 + trust) : null,
          key: pairKey(a, b, rules.seed),
        },
      ];
    }),
  );
}

/**
 * A labeler's weight is signal over noise, rho / (1 - rho), and those of several judgements of one thing add up
 * (Spearman 1910, Brown 1910): of one whose weights sum to W the reliability is W / (1 + W). Of the difference of two scores,
 * each with its own noise, it is 2 / (2 + 1 / W_a + 1 / W_b).
 */
function differenceReliability(a: number, b: number): number {
  return 2 / (2 + 1 / a + 1 / b);
}

function pairKey(a: string, b: string, seed: number): string {
  return md5(['pair', seed, ...[a, b].sort(compare)].join(':'));
}

/** All pairs of a prompt's text fall on the same side, so that no prompt of `eval` was ever trained on. */
export function splitOf(promptText: string, seed: number, evalFraction: number): Split {
  const fraction = parseInt(md5(`split:${seed}:${textKey(promptText)}`).slice(0, 8), 16) / 2 ** 32;
  return fraction < evalFraction ? 'eval' : 'train';
}

function tiesBefore(a: string, b: string, seed: number): boolean {
  return compare(md5(`tie:${seed}:${a}`), md5(`tie:${seed}:${b}`)) < 0;
}

/** @param weights of the scores, for `reliability-weighted` */
export function aggregate(scores: readonly number[], how: Rules['aggregation'], weights: readonly number[] = []): number {
  if (how === 'mean') return mean(scores);
  if (how === 'majority') return mean(mostFrequent(scores));
  if (how === 'reliability-weighted') {
    const weighted = scores.reduce((sum, score, i) => sum + weights[i] * score, 0);
    return weighted / weights.reduce((sum, weight) => sum + weight, 0);
  }
  const sorted = [...scores].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low + 0.5 * (high - low);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(scores: readonly number[]): number {
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

/** Each of the scores that are given most often, once. */
function mostFrequent(scores: readonly number[]): number[] {
  const given = [...groupBy(scores, String).values()];
  const most = Math.max(...given.map((same) => same.length));
  return given.filter((same) => same.length === most).map(([score]) => score);
}

/** The one with the highest id of each key: ids rise with time. */
function latestBy<T extends { id: string }>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...groupBy(items, keyOf).values()].map((same) => same.reduce((a, b) => (compare(a.id, b.id) < 0 ? b : a)));
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

/** By code unit, as Postgres compares the bytes of uuids. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
