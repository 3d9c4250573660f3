/**
 * An evaluation cut into parts: by tag of the prompt, by length of the completions, by which side is longer. Each part has
 * its own nulls and ceiling, since what is easy for length is easy in some parts only.
 */
import { bootstrapMean, pointsOf, type EvaluatedPair, type Proportion } from './pair-accuracy.js';
import { type PairFacts } from './pair-facts.repository.js';

export interface JudgedPair extends EvaluatedPair {
  facts: PairFacts;
}

/** Accuracy of content-blind rules; null: no basis for the rule. */
export interface RewardNulls {
  longest: number | null;
  shortest: number | null;
  first: number | null;
  majority: number | null;
}

export const sliceKinds = ['tag', 'length', 'preferred'] as const;
export type SliceKind = (typeof sliceKinds)[number];

export interface EvaluationSlice {
  by: SliceKind;
  /** A tag; `short medium long`, thirds of the pairs by mean length; `longer shorter similar`, which the preferred one is. */
  value: string;
  pairs: number;
  prompts: number;
  accuracy: Proportion;
  nulls: RewardNulls;
  /** How often two labelers agree here. */
  preferenceCeiling: number | null;
}

/** Tags with the most pairs. */
const maximumTags = 30;
const resamples = 1000;
/** Lengths that differ by less than this share of the longer one count as similar. */
const alike = 0.1;

export function evaluationSlices(pairs: readonly JudgedPair[], seed: string | number): EvaluationSlice[] {
  const slice = (by: SliceKind, value: string, members: readonly JudgedPair[]): EvaluationSlice[] =>
    members.length === 0 ? [] : [{ by, value, ...describe(members, `${seed}/${by}/${value}`) }];
  const thirds = lengthThirds(pairs);
  return [
    ...commonTags(pairs).flatMap((tag) => slice('tag', tag, pairs.filter(({ facts }) => facts.tags.includes(tag)))),
    ...(['short', 'medium', 'long'] as const).flatMap((value, third) => slice('length', value, thirds[third])),
    ...(['longer', 'similar', 'shorter'] as const).flatMap((value) => slice('preferred', value, pairs.filter((pair) => preferredIs(pair) === value))),
  ];
}

export function nullsOf(pairs: readonly JudgedPair[]): RewardNulls {
  const longest = meanOf(pairs.map(({ facts }) => longestPoints(facts)));
  return {
    longest,
    shortest: longest === null ? null : 1 - longest,
    first: meanOf(pairs.map(({ facts }) => facts.first)),
    majority: meanOf(pairs.flatMap(({ facts }) => (facts.majority === null ? [] : [facts.majority]))),
  };
}

export function ceilingOf(pairs: readonly JudgedPair[]): number | null {
  const sum = (of: (facts: PairFacts) => number): number => pairs.reduce((total, { facts }) => total + of(facts), 0);
  const comparisons = sum((facts) => facts.comparisons);
  return comparisons === 0 ? null : sum((facts) => facts.agreements) / comparisons;
}

/** The nulls of a pair; `longest` is 1 when the chosen one is longer, 1/2 when both are as long. */
export function longestPoints({ chosenLength, rejectedLength }: PairFacts): number {
  return (Math.sign(chosenLength - rejectedLength) + 1) / 2;
}

function describe(pairs: readonly JudgedPair[], seed: string): Omit<EvaluationSlice, 'by' | 'value'> {
  const promptIds = pairs.map(({ promptId }) => promptId);
  return {
    pairs: pairs.length,
    prompts: new Set(promptIds).size,
    accuracy: bootstrapMean(promptIds, pairs.map(pointsOf), seed, resamples),
    nulls: nullsOf(pairs),
    preferenceCeiling: ceilingOf(pairs),
  };
}

function commonTags(pairs: readonly JudgedPair[]): string[] {
  const counts = new Map<string, number>();
  for (const { facts } of pairs) for (const tag of facts.tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  const order = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return order.slice(0, maximumTags).map(([tag]) => tag);
}

function lengthThirds(pairs: readonly JudgedPair[]): JudgedPair[][] {
  const length = ({ facts }: JudgedPair): number => facts.chosenLength + facts.rejectedLength;
  const sorted = [...pairs].sort((a, b) => length(a) - length(b) || a.facts.ordinal - b.facts.ordinal);
  const at = (third: number): number => Math.round((third * sorted.length) / 3);
  return [0, 1, 2].map((third) => sorted.slice(at(third), at(third + 1)));
}

function preferredIs({ facts: { chosenLength, rejectedLength } }: JudgedPair): 'longer' | 'similar' | 'shorter' {
  if (Math.abs(chosenLength - rejectedLength) <= alike * Math.max(chosenLength, rejectedLength)) return 'similar';
  return chosenLength > rejectedLength ? 'longer' : 'shorter';
}

const meanOf = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((total, value) => total + value, 0) / values.length;
