/** Which of a run's checkpoints is the best, and which must go. Pure. */
import type { TrainingMethod } from '../training-methods.js';

/** What an evaluation is judged by: `eval_<...>` of the curve. */
export interface JudgedBy {
  metric: string;
  better: 'lower' | 'higher';
}

const byLoss: JudgedBy = { metric: 'eval_loss', better: 'lower' };
const byReward: JudgedBy = { metric: 'eval_reward', better: 'higher' };
const judgedBy: Record<TrainingMethod, JudgedBy> = { sft: byLoss, dpo: byLoss, grpo: byReward, rloo: byReward, ppo: byReward };

export const judgeOf = (method: TrainingMethod): JudgedBy => judgedBy[method];

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
  /** What became a version stays. */
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
