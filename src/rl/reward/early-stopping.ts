/**
 * When training no longer helps on data it does not learn from (Prechelt 1998, "Early stopping - but when?", the simplest
 * of its criteria: so many evaluations without a new best). Pure: a state goes in and comes out, so that it can be saved.
 */

export const stoppingMetrics = ['loss', 'accuracy'] as const;

export type StoppingMetric = (typeof stoppingMetrics)[number];

export interface RewardEarlyStopping {
  metric: StoppingMetric;
  /** Number of evaluations without improvement after which training ends. */
  patience: number;
  /** Steps between evaluations. */
  evaluateEvery: number;
  /** Share of the training prompts that only this looks at; those of the evaluation stay unseen. */
  validationFraction: number;
  /** Smallest change that counts as an improvement. */
  minImprovement: number;
}

export const defaultEarlyStopping: RewardEarlyStopping = {
  metric: 'loss',
  patience: 3,
  evaluateEvery: 20,
  validationFraction: 0.1,
  minImprovement: 0,
};

export interface Validation {
  loss: number;
  accuracy: number;
}

export interface StoppingState {
  /** Of the best evaluation; null before the first. */
  best: (Validation & { step: number }) | null;
  /** Evaluations since then. */
  stale: number;
}

export const beforeAnyEvaluation: StoppingState = { best: null, stale: 0 };

/** Evaluations come every so many steps, and after the last. */
export function isEvaluated({ evaluateEvery }: RewardEarlyStopping, step: number, totalSteps: number): boolean {
  return step % evaluateEvery === 0 || step === totalSteps;
}

/** @returns the state after this evaluation, and whether it is the best so far */
export function observe(
  { metric, minImprovement }: RewardEarlyStopping,
  { best, stale }: StoppingState,
  evaluation: Validation & { step: number },
): { state: StoppingState; improved: boolean } {
  const gain = best === null ? Infinity : metric === 'loss' ? best.loss - evaluation.loss : evaluation.accuracy - best.accuracy;
  const improved = gain > minImprovement;
  return { state: improved ? { best: evaluation, stale: 0 } : { best, stale: stale + 1 }, improved };
}

/** Enough is enough. */
export function isStale({ patience }: RewardEarlyStopping, { stale }: StoppingState): boolean {
  return stale >= patience;
}
