import type { Schemas } from '#sdk/client.js';
import type { ComparisonOutcome } from '../quickstart/comparison.js';
import type { IterationRow } from './report.js';

type Iteration = Pick<Schemas['LoopIterationDto'], 'number' | 'decision' | 'reason' | 'figures'>;

/** What is told of an iteration that is over; `overFirst` is how its version did against the first one, where it made one. */
export function iterationRow(
  { number, decision, reason, figures }: Iteration,
  { overFirst, verdict }: { overFirst?: ComparisonOutcome; verdict?: Schemas['VerdictDto'] } = {},
): Omit<IterationRow, 'seconds'> {
  const { comparison, training, reward, ratings } = figures;
  return {
    iteration: number,
    decision: decision!,
    reason: reason!,
    overFirst: overFirst ? rateOf(overFirst) : null,
    overPrevious: comparison ? { winRate: comparison.winRate, low: comparison.low, high: comparison.high } : null,
    kl: training?.kl ?? null,
    training: verdict ? trainingOf(verdict) : null,
    length: overFirst ? { first: overFirst.length.before, candidate: overFirst.length.after } : null,
    inventedFacts: overFirst ? { first: overFirst.inventedFacts.before, candidate: overFirst.inventedFacts.after } : null,
    rewardAccuracy: reward?.accuracy ?? null,
    drift: comparison?.drift ?? null,
    ratings: ratings?.ratings ?? null,
    agreement: ratings?.agreement ?? null,
  };
}

function trainingOf({ status, findings: [worst] }: Schemas['VerdictDto']): IterationRow['training'] {
  return status === 'healthy' ? { status, reason: null, advice: null } : { status, reason: worst.message, advice: worst.advice };
}

function rateOf({ result: { winRate, low, high, n, lengthControlled } }: ComparisonOutcome): IterationRow['overFirst'] {
  return { winRate, low, high, n, lengthControlled: lengthControlled.winRate };
}
