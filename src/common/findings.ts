/** Findings of a training audit: measured values, their bounds and the resulting status. */
import { adviceFor } from './finding-advice.js';
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
