import type { Split } from './pair-set-config.js';

/** Share of untied pairs that a rule gets right; half a point where the rule cannot tell. Null without pairs. */
export interface NullBaseline {
  accuracy: number | null;
  pairs: number;
}

export interface SplitDiagnostics {
  pairs: number;
  ties: number;
  prompts: number;
  nulls: Record<'longest' | 'shortest' | 'first' | 'majority', NullBaseline>;
  labelerAgreement: { share: number | null; comparisons: number };
  positionBias: { firstPreferred: number | null; orderings: number };
}

export interface MarginBucket {
  from: number;
  to: number;
  pairs: number;
}

export interface PairSetDiagnostics {
  ratings: number;
  /** Absent in sets built before rankings and comparisons counted. */
  preferences?: number;
  decidedByPreference?: number;
  completions: number;
  prompts: number;
  promptsWithPairs: number;
  possiblePairs: number;
  tiesFound: number;
  tiesDropped: number;
  belowMargin: number;
  notSampled: number;
  splits: Record<Split, SplitDiagnostics>;
  margins: MarginBucket[];
  pairsPerPrompt: { min: number; median: number; mean: number; max: number } | null;
}

/** Sums over the pairs of one split, as the database counts them. `*Points` count half where a rule cannot tell. */
export interface SplitSums {
  split: Split;
  pairs: number;
  ties: number;
  prompts: number;
  longestPoints: number;
  firstPoints: number;
  majorityPairs: number;
  majorityPoints: number;
  /** Pairs of labelers who both ordered a pair, and those of them who ordered it alike. */
  comparisons: number;
  agreements: number;
  /** Orderings by one labeler of two completions seen in known, different positions. */
  positioned: number;
  firstPreferred: number;
}

const nothing = {
  pairs: 0,
  ties: 0,
  prompts: 0,
  longestPoints: 0,
  firstPoints: 0,
  majorityPairs: 0,
  majorityPoints: 0,
  comparisons: 0,
  agreements: 0,
  positioned: 0,
  firstPreferred: 0,
};

export function splitDiagnostics(split: Split, all: readonly SplitSums[]): SplitDiagnostics {
  const sums = all.find((candidate) => candidate.split === split) ?? { split, ...nothing };
  const untied = sums.pairs - sums.ties;
  return {
    pairs: sums.pairs,
    ties: sums.ties,
    prompts: sums.prompts,
    nulls: {
      longest: baseline(sums.longestPoints, untied),
      shortest: baseline(untied - sums.longestPoints, untied),
      first: baseline(sums.firstPoints, untied),
      majority: baseline(sums.majorityPoints, sums.majorityPairs),
    },
    labelerAgreement: { share: ratio(sums.agreements, sums.comparisons), comparisons: sums.comparisons },
    positionBias: { firstPreferred: ratio(sums.firstPreferred, sums.positioned), orderings: sums.positioned },
  };
}

const exactBuckets = 20;
const equalBuckets = 10;

/** One bucket per margin while these are few (`from` = `to`), else ten of equal width, closed at the top only in the last. */
export function marginHistogram(counts: readonly { margin: number; pairs: number }[]): MarginBucket[] {
  const sorted = [...counts].sort((a, b) => a.margin - b.margin);
  if (sorted.length <= exactBuckets) return sorted.map(({ margin, pairs }) => ({ from: margin, to: margin, pairs }));
  const low = sorted[0].margin;
  const width = (sorted[sorted.length - 1].margin - low) / equalBuckets;
  const buckets = Array.from({ length: equalBuckets }, (_, i) => ({ from: low + i * width, to: low + (i + 1) * width, pairs: 0 }));
  for (const { margin, pairs } of sorted) {
    buckets[Math.min(equalBuckets - 1, Math.floor((margin - low) / width))].pairs += pairs;
  }
  return buckets;
}

function baseline(points: number, pairs: number): NullBaseline {
  return { accuracy: ratio(points, pairs), pairs };
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
