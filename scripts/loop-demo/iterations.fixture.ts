// Two iterations as the API tells them: one that was compared, and one that was held before its training.
import type { ComparisonOutcome } from '../quickstart/comparison.js';
import { iterationRow } from './iteration-row.js';
import type { IterationRow } from './report.js';

type Iteration = Parameters<typeof iterationRow>[0];

export const compared: Iteration = {
  number: 1,
  decision: 'promoted',
  reason: 'won',
  figures: {
    ratings: { completions: 40, ratings: 120, agreement: 0.8 },
    pairs: { pairs: 50, prompts: 10, lacks: null },
    reward: { verdict: 'healthy', accuracy: 0.75, evalPairs: 20, longestWins: 0.5 },
    training: { verdict: 'healthy', kl: 0.125, rewardBefore: 0, rewardAfter: 1 },
    comparison: {
      winRate: 0.7, low: 0.6, high: 0.8, n: 30, lengthControlledWinRate: 0.65, meanLengthDifference: 3, judgements: 90, simulatedJudgements: 90,
      proxyWinRate: 0.9, drift: { value: 0.2, low: 0.1, high: 0.3 },
    },
  },
};

export const withoutVersion: Iteration = {
  number: 2,
  decision: 'held',
  reason: 'no_pairs',
  figures: { ratings: { completions: 40, ratings: 120, agreement: null }, pairs: { pairs: 0, prompts: null, lacks: { code: 'no_pairs', detail: 'all alike' } } },
};

/** Over the first policy; of the result only what the demonstration reads. */
export const outcome = {
  result: { winRate: 0.7, low: 0.6, high: 0.8, n: 30, lengthControlled: { winRate: 0.65 } },
  inventedFacts: { before: 0.4, after: 0.1 },
  length: { before: 41.6, after: 30.2 },
} as ComparisonOutcome;

/** Of its training. */
const verdict = {
  status: 'warning',
  findings: [{ check: 'kl_slope', status: 'warning', value: 0.04, threshold: 0.02, message: 'growth of the KL: 0.0400', advice: 'Raise beta.' }],
} as const;

export const promotedRow: IterationRow = { ...iterationRow(compared, { overFirst: outcome, verdict: { ...verdict, findings: [...verdict.findings] } }), seconds: 61.4 };
export const heldRow: IterationRow = { ...iterationRow(withoutVersion), seconds: 12 };
