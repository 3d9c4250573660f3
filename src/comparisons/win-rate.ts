/**
 * How often the candidate was preferred to the baseline, with a 95% percentile bootstrap interval. Prompts are
 * resampled, not judgements: judgements of one prompt are not independent.
 */
import { mean } from '#src/common/statistics.js';
import { meanInterval, type BootstrapOptions } from './prompt-interval.js';

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
