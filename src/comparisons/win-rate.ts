/**
 * How often the candidate was preferred to the baseline, with a 95% percentile bootstrap interval
 * (Efron 1979). Prompts are resampled, not judgements: judgements of one prompt are not independent.
 */
import { Rng } from '#src/common/rng.js';
import { mean } from '#src/training/advantages.js';

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

export interface WinRateOptions {
  seed: string | number;
  resamples?: number;
}

/** Several judgements of one item are averaged; wins, losses and ties count items by that average. */
export function winRate(items: readonly JudgedItem[], { seed, resamples = 2000 }: WinRateOptions): WinRate {
  const judged = items
    .filter((item) => item.scores.length > 0)
    .map((item) => ({ ...item, score: mean(item.scores) }));
  const count = (wanted: number) => judged.filter((item) => Math.sign(item.score - 0.5) === wanted).length;
  const counts = { n: judged.length, wins: count(1), losses: count(-1), ties: count(0) };
  if (judged.length === 0) return { winRate: null, low: null, high: null, ...counts };
  const rates = bootstrap(totalsByPrompt(judged), Rng.from(seed), resamples);
  return {
    winRate: mean(judged.map((item) => item.score)),
    low: quantile(rates, 0.025),
    high: quantile(rates, 0.975),
    ...counts,
  };
}

interface PromptTotal {
  total: number;
  items: number;
}

function totalsByPrompt(judged: readonly { promptId: string; score: number }[]): PromptTotal[] {
  const prompts = new Map<string, PromptTotal>();
  for (const { promptId, score } of judged) {
    const { total, items } = prompts.get(promptId) ?? { total: 0, items: 0 };
    prompts.set(promptId, { total: total + score, items: items + 1 });
  }
  return [...prompts.values()];
}

/** Win rates of `resamples` draws of prompts with replacement, ascending. */
function bootstrap(prompts: readonly PromptTotal[], rng: Rng, resamples: number): Float64Array {
  const rates = Float64Array.from({ length: resamples }, () => {
    let [total, items] = [0, 0];
    for (let i = 0; i < prompts.length; i++) {
      const drawn = prompts[rng.int(prompts.length)];
      total += drawn.total;
      items += drawn.items;
    }
    return total / items;
  });
  return rates.sort();
}

/** Linear interpolation between the two nearest ranks, as numpy's default. */
function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}
