/** Findings of a training audit: measured values, their bounds and the resulting status. */
import { mean } from './statistics.js';

export const verdictStatuses = ['healthy', 'warning', 'failed'] as const;
export type VerdictStatus = (typeof verdictStatuses)[number];

/** `not_measured`: the run did not record what the check needs; counts neither for nor against the run. */
export const findingStatuses = ['not_measured', ...verdictStatuses] as const;
export type FindingStatus = (typeof findingStatuses)[number];

export interface Finding {
  /** Stable identifier of the check. */
  check: string;
  status: FindingStatus;
  /** The measured value; null: not measured. */
  value: number | null;
  /** The bound beyond which the check fails. */
  threshold: number;
  message: string;
}

export interface VerdictFinding extends Finding {
  /** What to do about it, in one sentence; null: the check passed. */
  advice: string | null;
}

export interface Verdict {
  status: VerdictStatus;
  /** Findings, worst first. */
  findings: VerdictFinding[];
}

/** Metrics by name, step after step. */
export type Steps = readonly Readonly<Record<string, number>>[];

interface Bounds {
  warning: number;
  failed: number;
}

/** The worst finding is the verdict; unmeasured checks do not count. */
export function verdictOf(findings: readonly Finding[]): Verdict {
  const worst = verdictStatuses.findLast((status) => findings.some((finding) => finding.status === status));
  const inOrder = gravestFirst.flatMap((status) => findings.filter((finding) => finding.status === status));
  const advised = inOrder.map((finding) => ({ ...finding, advice: finding.status === 'healthy' ? null : (adviceFor(finding.check) ?? null) }));
  return { status: worst ?? 'healthy', findings: advised };
}

const gravestFirst: readonly FindingStatus[] = ['failed', 'warning', 'not_measured', 'healthy'];

/** All metrics of all steps, and some more values. */
export function finiteness(steps: Steps, others: readonly number[]): Finding {
  const bad = steps.filter((step) => Object.values(step).some((value) => !Number.isFinite(value))).length;
  const more = others.filter((value) => !Number.isFinite(value)).length;
  const failed = bad + more > 0;
  const message = failed ? 'a metric or reward is not a finite number' : 'all metrics are finite';
  return { check: 'finite', status: failed ? 'failed' : 'healthy', value: bad + more, threshold: 0, message };
}

export const above = (check: string, value: number, bounds: Bounds, what: string): Finding =>
  judge(check, value, bounds, what, (bound) => value > bound);

/** For methods that evaluate: figures on training data include memorisation. */
export function heldOutFinding(held: boolean, practised = 'the evaluation used training prompts, so the figures include memorisation'): Finding {
  const message = held ? 'evaluated on held-out prompts' : practised;
  return { check: 'held_out', status: held ? 'healthy' : 'warning', value: held ? 1 : 0, threshold: 1, message };
}

export const below = (check: string, value: number, bounds: Bounds, what: string): Finding =>
  judge(check, value, bounds, what, (bound) => value < bound);

/** @param why what the run left out, and how to have it next time */
export const notMeasured = (check: string, bounds: Bounds, what: string, why: string): Finding => ({
  check, status: 'not_measured', value: null, threshold: bounds.warning, message: `${what}: not measured, ${why}`,
});

function judge(
  check: string,
  value: number,
  bounds: Bounds,
  what: string,
  beyond: (bound: number) => boolean,
): Finding {
  const status = beyond(bounds.failed) ? 'failed' : beyond(bounds.warning) ? 'warning' : 'healthy';
  const threshold = status === 'failed' ? bounds.failed : bounds.warning;
  return { check, status, value: finite(value), threshold, message: `${what}: ${show(value)}` };
}

/** Steps without the figure are left out, such as those with nothing to learn. */
export function series(steps: Steps, name: string): number[] {
  return steps.flatMap((step) => (name in step ? [step[name]] : []));
}

/** Means over a tenth of the run at either end: single steps are noisy. */
export function beginning(steps: Steps, name: string): number {
  const values = series(steps, name).slice(0, Math.ceil(steps.length / 10));
  return values.length === 0 ? 0 : mean(values);
}

export function ending(steps: Steps, name: string): number {
  const values = series(steps, name).slice(-endingSteps(steps));
  return values.length === 0 ? 0 : mean(values);
}

const endingSteps = (steps: Steps): number => Math.max(1, Math.ceil(steps.length / 10));

/** The steps that `ending` is the mean of, in words. */
export function endingWindow(steps: Steps): string {
  const count = endingSteps(steps);
  return count === 1 ? 'at the last step' : `mean of the last ${count} steps`;
}

export function leastSquaresSlope(values: readonly number[]): number {
  const center = (values.length - 1) / 2;
  const average = mean(values);
  const [xy, xx] = values.reduce(
    ([xy, xx], y, x) => [xy + (x - center) * (y - average), xx + (x - center) ** 2],
    [0, 0],
  );
  return xy / xx;
}

export const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
export const show = (value: number): string => (Number.isFinite(value) ? value.toPrecision(3) : String(value));

/** What to do about a check that did not pass, in one sentence; see docs/algorithms.md for what each measures. */
const adviceOf: Readonly<Record<string, string>> = {
  // Every training.
  finite: 'Lower the learning rate, or take the last good checkpoint.',
  held_out: 'Evaluate on held-out prompts: use an evaluation prompt set, or a pair set with an eval split.',
  shortened: 'Raise maxTokens, or leave out the long texts.',
  overfitting: 'Train fewer epochs, use early stopping, or rate more prompts.',
  stopped_diverged: 'Lower the learning rate; promote the last good checkpoint if it is worth keeping.',
  // Methods that sample.
  reward_gain: 'Raise the learning rate or the number of steps, and check that groups differ in reward.',
  kl_size: 'Raise beta, lower the learning rate or set a klBudget, and compare the versions before you promote.',
  kl_slope: 'Raise beta or take fewer steps: the policy was still moving away from its start.',
  entropy_collapse: 'Raise beta or clipHigh, or lower the learning rate.',
  zero_std_groups: 'Use harder prompts, larger groups or a higher temperature.',
  step_size: 'Lower the learning rate or innerEpochs.',
  clipping: 'Lower the learning rate or innerEpochs, or widen the clip bounds.',
  value_fit: 'Raise valueLearningRate, or start the value model from the reward model.',
  truncation: 'Raise maxTokens, or set missingEosPenalty.',
  length_gaming: 'Set lengthPenalty, or train the reward model with lengthDebias.',
  evaluation_gain: 'Train on more prompts or take fewer steps, and compare the versions before you promote.',
  stopped_kl_budget: 'Compare the kept version; to take more steps, lower the learning rate, raise beta or raise the klBudget.',
  // Methods that learn from pairs.
  loss_fall: 'Raise the learning rate or the number of epochs, or rate more prompts.',
  preference_accuracy: 'Rate more prompts, or train longer.',
  margin_size: 'Lower the learning rate or raise beta.',
  likelihood_displacement: 'Lower the learning rate, raise beta, or start with sft.',
  // Methods that learn from ratings.
  desirability_margin: 'Rate more prompts, train longer or raise the learning rate.',
  reference_point: 'Raise beta or lower the learning rate, and compare the versions before you promote.',
  // Reward models.
  beats_nulls: 'Rate more prompts, or drop pairs that are closer than minimumMargin.',
  calibration: 'Divide differences of rewards by the temperature before you read them as probabilities.',
  length_correlation: 'Train with lengthDebias, or check whether labelers prefer a certain length.',
  shorter_preferred: 'Train with lengthDebias, or rate more pairs whose shorter text is better.',
};

/** Undefined for a check that is not known. */
export const adviceFor = (check: string): string | undefined => adviceOf[check];
