/** Figures of an iteration, filled in state by state, so that listing iterations is one query. */
import type { VerdictStatus } from '#src/common/findings.js';
import type { SelectionFigures } from './selection.js';

export interface LoopFigures {
  selection?: SelectionFigures;
  ratings?: { completions: number; ratings: number; agreement: number | null };
  pairs?: { pairs: number; prompts: number | null; lacks: LoopLack | null };
  reward?: { verdict: VerdictStatus | null; accuracy: number; evalPairs: number; longestWins: number | null };
  training?: {
    verdict: VerdictStatus | null;
    kl: number | null;
    rewardBefore: number | null;
    rewardAfter: number | null;
  };
  comparison?: ComparisonFigures;
}

/** Why the pairs were too few to learn from: the code of the job or refusal that said so. */
export interface LoopLack {
  code: string;
  detail: string;
}

/** Candidate against the version that the iteration started from, on held-out prompts. */
export interface ComparisonFigures {
  /** By people. */
  winRate: number;
  low: number;
  high: number;
  n: number;
  lengthControlledWinRate: number;
  meanLengthDifference: number;
  judgements: number;
  /** Number of them by simulated labelers. */
  simulatedJudgements: number;
  /** The iteration's reward model on the same items. */
  proxyWinRate: number | null;
  /** Proxy less people, with the interval of the paired differences. */
  drift: { value: number; low: number; high: number } | null;
}
