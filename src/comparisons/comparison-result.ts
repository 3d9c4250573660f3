/** The result of a complete comparison, computed from the judgements of its items. */
import { mean } from '#src/common/statistics.js';
import { candidateScore, type Preference } from './comparison.entity.js';
import { lengthControlledWinRate, type LengthControlledWinRate } from './length-controlled.js';
import { meanInterval, type Interval, type BootstrapOptions } from './prompt-interval.js';

export interface JudgedRow {
  promptId: string;
  tags: string[];
  candidateIsLeft: boolean;
  /** Judgements that count. */
  preferences: Preference[];
  /** Number of them by simulated labelers. */
  simulated: number;
  /** Judgements of the proxy reward model. */
  proxyPreference: Preference | null;
  /** Candidate less baseline, in characters. */
  lengthDifference: number;
}

type Judged<T> = { [K in keyof T]: NonNullable<T[K]> };
export type JudgedWinRate = Judged<WinRate>;

export interface TagWinRate extends JudgedWinRate {
  /** Tag of the prompts; null: prompts without tags. */
  tag: string | null;
}

export interface ProxyResult extends JudgedWinRate {
  /** Win rate by the proxy less that by people, on the same items. */
  drift: { value: number } & Interval;
  /** Share of items of which both said the same: won, lost or tie. */
  agreement: number;
}

export interface ComparisonResult extends JudgedWinRate {
  /** Items not judged before the labeling batch was closed; not counted in any figure. */
  unjudgedItems: number;
  judgements: number;
  simulatedJudgements: number;
  lengthControlled: LengthControlledWinRate;
  byTag: TagWinRate[];
  proxy: ProxyResult | null;
}

/** Only the most common tags: groups of one prompt show nothing. */
const maxTags = 50;

/** @param all with at least one judgement among them */
export function comparisonResult(all: readonly JudgedRow[], seed: number): ComparisonResult {
  const rows = all.filter(({ preferences }) => preferences.length > 0);
  const interval = { seed: `${seed}/interval` };
  const items = rows.map((row) => itemOf(row, row.preferences));
  const lengths = rows.map(({ promptId, lengthDifference }, i) => ({
    promptId,
    lengthDifference,
    score: mean(items[i].scores),
  }));
  return {
    ...judged(winRate(items, interval)),
    unjudgedItems: all.length - rows.length,
    judgements: rows.reduce((sum, { preferences }) => sum + preferences.length, 0),
    simulatedJudgements: rows.reduce((sum, { simulated }) => sum + simulated, 0),
    lengthControlled: lengthControlledWinRate(lengths, interval)!,
    byTag: tagTable(rows, items, interval),
    proxy: proxyResult(rows, items, interval),
  };
}

function itemOf({ promptId, candidateIsLeft }: JudgedRow, preferences: readonly Preference[]): JudgedItem {
  return { promptId, scores: preferences.map((preference) => candidateScore(preference, candidateIsLeft)) };
}

/** A prompt counts in each of its tags; none when nothing is tagged. */
function tagTable(rows: readonly JudgedRow[], items: readonly JudgedItem[], interval: { seed: string }): TagWinRate[] {
  const byTag = new Map<string | null, JudgedItem[]>();
  rows.forEach(({ tags }, i) => {
    for (const tag of tags.length > 0 ? new Set(tags) : [null]) {
      byTag.set(tag, [...(byTag.get(tag) ?? []), items[i]]);
    }
  });
  if (byTag.size === 1 && byTag.has(null)) return [];
  return [...byTag]
    .sort(([a, one], [b, other]) => other.length - one.length || (a ?? '').localeCompare(b ?? ''))
    .slice(0, maxTags)
    .map(([tag, tagged]) => ({ tag, ...judged(winRate(tagged, interval)) }));
}

function proxyResult(
  rows: readonly JudgedRow[],
  items: readonly JudgedItem[],
  interval: { seed: string },
): ProxyResult | null {
  if (rows.some(({ proxyPreference }) => proxyPreference === null)) return null;
  const proxied = rows.map((row) => itemOf(row, [row.proxyPreference!]));
  const differences = items.map(({ promptId, scores }, i) => ({
    promptId,
    value: proxied[i].scores[0] - mean(scores),
  }));
  const same = items.filter(({ scores }, i) => Math.sign(mean(scores) - 0.5) === Math.sign(proxied[i].scores[0] - 0.5));
  return {
    ...judged(winRate(proxied, interval)),
    drift: { value: mean(differences.map(({ value }) => value)), ...meanInterval(differences, interval) },
    agreement: same.length / rows.length,
  };
}

/** Of items that were all judged no figure is missing. */
const judged = (rate: WinRate): JudgedWinRate => rate as JudgedWinRate;

/**
 * How often the candidate was preferred to the baseline, with a 95% percentile bootstrap interval. Prompts are
 * resampled, not judgements: judgements of one prompt are not independent.
 */
export interface JudgedItem {
  promptId: string;
  /** One per judgement, seen from the candidate: 1 win, 0.5 tie, 0 loss. */
  scores: readonly number[];
}

export interface WinRate {
  /** Share of items won, a tie counting half; null when nothing was judged. */
  winRate: number | null;
  low: number | null;
  high: number | null;
  /** Items with at least one judgement. */
  n: number;
  wins: number;
  losses: number;
  ties: number;
}

/** Several judgements of one item are averaged; wins, losses and ties count items by that average. */
export function winRate(items: readonly JudgedItem[], options: BootstrapOptions): WinRate {
  const judged = items
    .filter((item) => item.scores.length > 0)
    .map(({ promptId, scores }) => ({ promptId, value: mean(scores) }));
  const count = (wanted: number) => judged.filter(({ value }) => Math.sign(value - 0.5) === wanted).length;
  const counts = { n: judged.length, wins: count(1), losses: count(-1), ties: count(0) };
  if (judged.length === 0) return { winRate: null, low: null, high: null, ...counts };
  return { winRate: mean(judged.map(({ value }) => value)), ...meanInterval(judged, options), ...counts };
}
