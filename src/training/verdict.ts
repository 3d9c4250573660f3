/**
 * Audits a finished training run: did the policy learn, or did it drift, collapse or game the reward?
 * It looks back over all steps and says what it saw with the numbers; it cannot see what the reward
 * model does not measure, so that `healthy` is a clean audit and not a proof of a better policy.
 */
import { correlation, mean } from './advantages.js';

export const verdictStatuses = ['healthy', 'warning', 'failed'] as const;
export type VerdictStatus = (typeof verdictStatuses)[number];

export interface Finding {
  /** Stable name of the check. */
  check: string;
  status: VerdictStatus;
  /** What was measured; null when it could not be. */
  value: number | null;
  /** The bound beyond which the check no longer passes. */
  threshold: number;
  message: string;
}

export interface Verdict {
  status: VerdictStatus;
  findings: Finding[];
}

export interface AuditedRun {
  /** Metrics by name, step after step; see `grpo-metrics`. */
  steps: readonly Readonly<Record<string, number>>[];
  rewardBefore: number;
  rewardAfter: number;
}

interface Bounds {
  warning: number;
  failed: number;
}

/** The worst finding is the verdict. */
export function auditRun(run: AuditedRun): Verdict {
  const findings = [
    finiteness(run),
    rewardGain(run),
    klSize(run),
    klSlope(run),
    entropyCollapse(run),
    zeroStd(run),
    truncation(run),
    lengthGaming(run),
    generalisation(run),
  ];
  const worst = Math.max(...findings.map((finding) => verdictStatuses.indexOf(finding.status)));
  return { status: verdictStatuses[worst], findings };
}

function finiteness({ steps, rewardBefore, rewardAfter }: AuditedRun): Finding {
  const bad = steps.filter((step) => Object.values(step).some((value) => !Number.isFinite(value))).length;
  const rewards = [rewardBefore, rewardAfter].filter((value) => !Number.isFinite(value)).length;
  const failed = bad + rewards > 0;
  const message = failed ? 'a metric or reward is not a finite number' : 'all metrics are finite';
  return {
    check: 'finite',
    status: failed ? 'failed' : 'healthy',
    value: bad + rewards,
    threshold: 0,
    message,
  };
}

function rewardGain({ rewardBefore, rewardAfter }: AuditedRun): Finding {
  const gain = rewardAfter - rewardBefore;
  const message = `reward on the evaluation prompts went from ${show(rewardBefore)} to ${show(rewardAfter)}`;
  return {
    check: 'reward_gain',
    status: gain > 0 ? 'healthy' : 'failed',
    value: finite(gain),
    threshold: 0,
    message,
  };
}

/** Nats per token of drift from the reference, at the end. */
function klSize({ steps }: AuditedRun): Finding {
  return above('kl_size', ending(steps, 'kl'), { warning: 0.5, failed: 2 }, 'KL per token at the end');
}

/** Growth per step over the last half: a policy that still runs away has not settled on a trade-off. */
function klSlope({ steps }: AuditedRun): Finding {
  const half = series(steps, 'kl').slice(Math.floor(steps.length / 2));
  const slope = half.length < 3 ? 0 : leastSquaresSlope(half);
  return above('kl_slope', slope, { warning: 0.02, failed: 0.2 }, 'growth of KL per step over the last half');
}

function entropyCollapse({ steps }: AuditedRun): Finding {
  const before = beginning(steps, 'entropy');
  const left = before > 0 ? ending(steps, 'entropy') / before : 1;
  return below('entropy_collapse', left, { warning: 0.3, failed: 0.05 }, 'share of the entropy that is left');
}

function zeroStd({ steps }: AuditedRun): Finding {
  const value = ending(steps, 'frac_reward_zero_std');
  return above(
    'zero_std_groups',
    value,
    { warning: 0.5, failed: 0.95 },
    'share of groups without any contrast at the end',
  );
}

function truncation({ steps }: AuditedRun): Finding {
  const value = ending(steps, 'completions/clipped_ratio');
  return above(
    'truncation',
    value,
    { warning: 0.25, failed: 0.9 },
    'share of completions cut off at the end',
  );
}

/** Reward may go with length inside a batch by right; it is gaming when the length runs off as well. */
function lengthGaming({ steps }: AuditedRun): Finding {
  const lengths = series(steps, 'completions/mean_length');
  const growth =
    ending(steps, 'completions/mean_length') / Math.max(1, beginning(steps, 'completions/mean_length'));
  const across = lengths.length < 3 ? 0 : correlation(lengths, series(steps, 'reward'));
  const inside = ending(steps, 'reward_length_correlation');
  const suspicious = growth > 1.5 && across > 0.5 && inside > 0.3;
  const message =
    `length became ${show(growth)} times what it was; its correlation with reward is ` +
    `${show(inside)} inside a batch and ${show(across)} across steps`;
  return {
    check: 'length_gaming',
    status: suspicious ? 'warning' : 'healthy',
    value: finite(inside),
    threshold: 0.3,
    message,
  };
}

/** Reward that rose in training and not on the fixed evaluation samples is noise or memorised. */
function generalisation({ steps, rewardBefore, rewardAfter }: AuditedRun): Finding {
  const trained = ending(steps, 'reward') - beginning(steps, 'reward');
  const share = trained > 0 ? (rewardAfter - rewardBefore) / trained : 1;
  return below(
    'evaluation_gain',
    share,
    { warning: 0.25, failed: -Infinity },
    'evaluation gain as a share of the training gain',
  );
}

const above = (check: string, value: number, bounds: Bounds, what: string): Finding =>
  judge(check, value, bounds, what, (bound) => value > bound);

const below = (check: string, value: number, bounds: Bounds, what: string): Finding =>
  judge(check, value, bounds, what, (bound) => value < bound);

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

function series(steps: AuditedRun['steps'], name: string): number[] {
  return steps.map((step) => step[name] ?? 0);
}

/** Means over a tenth of the run at either end: single steps are noisy. */
function beginning(steps: AuditedRun['steps'], name: string): number {
  const values = series(steps, name).slice(0, Math.ceil(steps.length / 10));
  return values.length === 0 ? 0 : mean(values);
}

function ending(steps: AuditedRun['steps'], name: string): number {
  const values = series(steps, name).slice(-Math.max(1, Math.ceil(steps.length / 10)));
  return values.length === 0 ? 0 : mean(values);
}

function leastSquaresSlope(values: readonly number[]): number {
  const center = (values.length - 1) / 2;
  const average = mean(values);
  const [xy, xx] = values.reduce(
    ([xy, xx], y, x) => [xy + (x - center) * (y - average), xx + (x - center) ** 2],
    [0, 0],
  );
  return xy / xx;
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
const show = (value: number): string => (Number.isFinite(value) ? value.toPrecision(3) : String(value));
