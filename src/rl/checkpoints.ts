/** Which weights of a run are kept along its way, how they are measured, which of them are the best, and which must go. */

export const keptWeights = ['last', 'best'] as const;
export type KeptWeights = (typeof keptWeights)[number];

export interface CheckpointSettings {
  /** Steps between checkpoints; null keeps the end's alone. */
  checkpointEvery: number | null;
  /** Number of latest checkpoints to keep. The best one and those promoted to versions are always kept. */
  keepCheckpoints: number;
  /** Steps between evaluations on what is held out, beside those that the method makes anyway. */
  evaluateEvery: number | null;
  /** Whether the last weights or those with the best evaluation become the next version. */
  keep: KeptWeights;
}

export const checkpointDefaults: CheckpointSettings = { checkpointEvery: null, keepCheckpoints: 3, evaluateEvery: null, keep: 'last' };

/** Whether there is an evaluation after `step` (from 1) of `total`; always after the last, so that it can be compared. */
export function isEvaluated(step: number, total: number, { evaluateEvery }: Pick<CheckpointSettings, 'evaluateEvery'>): boolean {
  return evaluateEvery !== null && (step % evaluateEvery === 0 || step === total);
}

/** Metric by which evaluations are compared: `eval_<...>` of the curve. */
export interface JudgedBy {
  metric: string;
  better: 'lower' | 'higher';
}

export const byLoss: JudgedBy = { metric: 'eval_loss', better: 'lower' };
export const byReward: JudgedBy = { metric: 'eval_reward', better: 'higher' };

export interface Judged {
  step: number;
  /** null where nothing was evaluated. */
  metricValue: number | null;
}

/** The step with the best evaluation, of equal ones the first; undefined when there was none. */
export function bestStep(checkpoints: readonly Judged[], { better }: JudgedBy): number | undefined {
  const sign = better === 'lower' ? -1 : 1;
  let best: { step: number; value: number } | undefined;
  for (const { step, metricValue } of checkpoints) {
    if (metricValue === null || !Number.isFinite(metricValue)) continue;
    const value = sign * metricValue;
    if (!best || value > best.value || (value === best.value && step < best.step)) best = { step, value };
  }
  return best?.step;
}

/** The evaluations of a curve, by step. */
export function evaluationsOf(metrics: readonly Readonly<Record<string, number>>[], { metric }: JudgedBy): Judged[] {
  return metrics.map((values, i) => ({ step: i + 1, metricValue: values[metric] ?? null }));
}

/** Would these weights be the best so far? */
export function improves(metrics: readonly Readonly<Record<string, number>>[], judge: JudgedBy): boolean {
  return bestStep(evaluationsOf(metrics, judge), judge) === metrics.length;
}

export interface Retained extends Judged {
  /** Checkpoints promoted to versions are kept. */
  policyVersionId: string | null;
}

/** Steps of the checkpoints to drop: all but the `keep` latest, the best, and those that became versions. */
export function stepsToDrop(checkpoints: readonly Retained[], keep: number, judge: JudgedBy): number[] {
  const best = bestStep(checkpoints, judge);
  const latest = new Set([...checkpoints].sort((a, b) => b.step - a.step).slice(0, keep).map(({ step }) => step));
  return checkpoints
    .filter(({ step, policyVersionId }) => !latest.has(step) && step !== best && policyVersionId === null)
    .map(({ step }) => step);
}
