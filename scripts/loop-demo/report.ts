/** What `npm run loop:demo -- --report FILE` writes; every figure was measured in that run. */
export interface LoopDemoReport {
  loopId: string;
  /** Programs that stand in for people, or people. */
  judgedBy: 'simulated labelers' | 'people';
  iterations: IterationRow[];
  totalSeconds: number;
}

interface Rate {
  winRate: number;
  low: number;
  high: number;
}

export interface IterationRow {
  iteration: number;
  decision: string;
  reason: string;
  /**
   * Blind, on held-out prompts; over the first policy of the loop, and over the one that the iteration started from. Null,
   * as are length and facts, where the iteration made no version: it was held before or over its training.
   */
  overFirst: (Rate & { n: number; lengthControlled: number }) | null;
  overPrevious: Rate | null;
  /** Nats per token from the version that the iteration started from. */
  kl: number | null;
  /** Of the iteration's training, with what its worst finding saw and advises; null where there was none. */
  training: { status: string; reason: string | null; advice: string | null } | null;
  /** Mean characters of an answer on held-out prompts. */
  length: { first: number; candidate: number } | null;
  /** Share of held-out answers with a fact that the prompt does not have. */
  inventedFacts: { first: number; candidate: number } | null;
  /** Accuracy of the iteration's reward model on pairs of unseen prompts. */
  rewardAccuracy: number | null;
  /** Win rate by the reward model less that by the judges, on the same items. */
  drift: { value: number; low: number; high: number } | null;
  ratings: number | null;
  agreement: number | null;
  seconds: number;
}

/** What the demonstration promises; each broken promise is one line. People are promised nothing. */
export function brokenPromises({ iterations, judgedBy }: LoopDemoReport, wanted: number): string[] {
  const broken: string[] = [];
  if (iterations.length !== wanted) broken.push(`${iterations.length} of ${wanted} iterations finished`);
  const better = iterations.some(({ decision, overFirst }) => decision === 'promoted' && overFirst !== null && overFirst.low > 0.5);
  if (judgedBy === 'simulated labelers' && !better) {
    broken.push('no promoted policy beats the first one significantly');
  }
  return broken;
}
