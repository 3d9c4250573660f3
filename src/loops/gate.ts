/** The conditions between a state and the next, as pure decisions over figures that were measured. */
import type { VerdictStatus } from '#src/common/findings.js';
import type { LoopGate, LoopRatingsConfig } from './loop-config.js';
import type { LoopOutcome } from './loop-state.js';

export interface RatingProgress {
  /** Completions that are to be rated. */
  completions: number;
  /** Completions with all required ratings, each by a different labeler. */
  complete: number;
  ratings: number;
  /**
   * Of two labelers who both prefer one of two completions of a prompt, how often it is the same one: 0 to 1; null
   * when no two did.
   */
  agreement: number | null;
}

export type RatingsNeed = 'quorum' | 'agreement';

/** What is still missing; null: there are enough ratings. */
export function ratingsNeed(
  { completions, complete, agreement }: RatingProgress,
  { quorum, minimumAgreement }: Pick<LoopRatingsConfig, 'quorum' | 'minimumAgreement'>,
): RatingsNeed | null {
  // Rounded up: a quorum of 0.75 of ten completions is eight.
  if (complete < Math.ceil(quorum * completions - 1e-9)) return 'quorum';
  if (minimumAgreement !== null && (agreement === null || agreement < minimumAgreement)) return 'agreement';
  return null;
}

/**
 * The outcome of waiting for ratings; null while more may arrive.
 *
 * @param answered no more ratings are expected: no completion lacks one, or the labeling batch is over
 */
export function ratingsOutcome(progress: RatingProgress, wanted: Pick<LoopRatingsConfig, 'quorum' | 'minimumAgreement'>, answered: boolean): LoopOutcome | null {
  const need = ratingsNeed(progress, wanted);
  if (need === null) return 'rated';
  // Waiting cannot help if no more ratings are expected.
  if (!answered) return null;
  return need === 'agreement' ? 'disagreement' : 'too_few_ratings';
}

/** A reward model that is broken or no better than a content-blind rule cannot teach what people prefer. */
export function rewardOutcome(verdict: VerdictStatus | null, { allowFailedVerdict }: Pick<LoopGate, 'allowFailedVerdict'>): LoopOutcome {
  return verdict === 'failed' && !allowFailedVerdict ? 'unsound' : 'trained';
}

export interface TrainedFigures {
  verdict: VerdictStatus | null;
  /** In nats per token; null for methods that do not measure it. */
  kl: number | null;
}

/** @param hasVersion false for a run that diverged: whatever is allowed, there is nothing to compare */
export function trainingOutcome({ verdict, kl }: TrainedFigures, hasVersion: boolean, { maxKl, allowFailedVerdict }: LoopGate): LoopOutcome {
  if (!hasVersion || (verdict === 'failed' && !allowFailedVerdict)) return 'unsound';
  if (maxKl !== null && (kl === null || !(kl <= maxKl))) return 'over_kl_budget';
  return 'trained';
}

export interface JudgedFigures {
  low: number;
  lengthControlled: { low: number };
}

/** Won when the lower end of the interval is beyond the gate: a lucky draw must not promote. */
export function comparisonOutcome(result: JudgedFigures, { winRate, lengthControlled }: LoopGate): LoopOutcome {
  const low = lengthControlled ? result.lengthControlled.low : result.low;
  return low > winRate ? 'won' : 'not_won';
}
