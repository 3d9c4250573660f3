/**
 * Audits a finished run on rollouts: did the policy learn, or did it drift, collapse or game the reward?
 * It looks back over all steps and reports its findings with numbers; it cannot see what the reward
 * model does not measure, so that `healthy` is a clean audit and not a proof of a better policy.
 */
import { correlation } from '#src/common/statistics.js';
import type { EvaluatedSplit } from '#src/reward/evaluation/reward-evaluation.js';
import {
  above,
  beginning,
  below,
  ending,
  endingWindow,
  finite,
  finiteness,
  heldOutFinding,
  leastSquaresSlope,
  notMeasured,
  series,
  show,
  verdictOf,
  type Finding,
  type Steps,
  type Verdict,
} from '#src/common/findings.js';

export interface AuditedRun {
  /** Metrics by name, step after step; see `rollouts/group-metrics`. */
  steps: Steps;
  rewardBefore: number;
  rewardAfter: number;
  /** Prompts used for the rewards before and after. */
  split: EvaluatedSplit;
  /** The weights are those of the best evaluation. */
  best: boolean;
}

/** The worst finding is the verdict. Checks of what the method has no figure of are left out. */
export function auditRun(run: AuditedRun): Verdict {
  const findings = [
    finiteness(run.steps, [run.rewardBefore, run.rewardAfter]),
    rewardGain(run),
    klSize(run),
    klSlope(run),
    entropyCollapse(run),
    zeroStd(run),
    stepSize(run),
    clipping(run),
    valueFit(run),
    truncation(run),
    lengthGaming(run),
    generalisation(run),
    heldOut(run),
  ];
  return verdictOf(findings.filter((finding) => finding !== undefined));
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

/** The best of several evaluations is too good by chance, and on practised prompts by memory as well. */
function heldOut({ split, best }: AuditedRun): Finding {
  return heldOutFinding(split === 'eval', best ? 'the weights were chosen on training prompts, which favours memorisation' : undefined);
}

/**
 * The KL of a run, everywhere: KL(policy || start) by Schulman's k3, in nats per token, mean over the tokens of a step's
 * fresh completions, of the weights that wrote them. `kl_k3` where it was measured over all of them; GRPO without a budget
 * measures it in its loss, over the completions that it learned from. The metric `kl` of RLOO and PPO is what they subtract
 * from the reward, which may be another estimate.
 */
export const klMetric = (steps: Steps): 'kl_k3' | 'kl' => (series(steps, 'kl_k3').length > 0 ? 'kl_k3' : 'kl');

/** Distance from the start at the end of the run. */
function klSize({ steps }: AuditedRun): Finding {
  const name = klMetric(steps);
  const [bounds, what] = [{ warning: 0.5, failed: 2 }, `KL to the start in nats per token, ${endingWindow(steps)}`];
  if (series(steps, name).length > 0) return above('kl_size', ending(steps, name), bounds, what);
  return notMeasured('kl_size', bounds, what, 'set beta above 0 or a klBudget (steps with nothing to learn are not measured)');
}

/** Growth per step over the last half: a policy that still drifts has not settled on a trade-off. */
function klSlope({ steps }: AuditedRun): Finding {
  const values = series(steps, klMetric(steps));
  const half = values.slice(Math.floor(values.length / 2));
  const [bounds, what] = [{ warning: 0.02, failed: 0.2 }, 'growth of the KL to the start per step, over the last half of the steps'];
  if (half.length >= 3) return above('kl_slope', leastSquaresSlope(half), bounds, what);
  return notMeasured('kl_slope', bounds, what, 'a trend needs three steps with a KL');
}

function entropyCollapse({ steps }: AuditedRun): Finding | undefined {
  if (series(steps, 'entropy').length === 0) return undefined;
  const before = beginning(steps, 'entropy');
  const left = before > 0 ? ending(steps, 'entropy') / before : 1;
  return below('entropy_collapse', left, { warning: 0.3, failed: 0.05 }, 'share of the initial entropy that remains');
}

/** Above the bounds where there are figures of this name. */
function aboveIn({ steps }: AuditedRun, name: string, check: string, bounds: { warning: number; failed: number }, what: string): Finding | undefined {
  return series(steps, name).length === 0 ? undefined : above(check, ending(steps, name), bounds, what);
}

/** For methods that compare a group. */
function zeroStd(run: AuditedRun): Finding | undefined {
  return aboveIn(run, 'frac_reward_zero_std', 'zero_std_groups', { warning: 0.5, failed: 0.95 }, 'share of groups with equal rewards at the end');
}

/** For PPO: how far the inner epochs move the policy away from the one that sampled the completions. */
function stepSize(run: AuditedRun): Finding | undefined {
  const what = 'divergence per token between the policy before and during its inner epochs, at the end';
  return aboveIn(run, 'policy/approxkl_avg', 'step_size', { warning: 0.05, failed: 1 }, what);
}

/** Clipped tokens are computed but give no gradient. */
function clipping(run: AuditedRun): Finding | undefined {
  const bounds = { warning: 0.3, failed: Infinity };
  return (
    aboveIn(run, 'policy/clipfrac_avg', 'clipping', bounds, 'share of tokens whose ratio was clipped, at the end') ??
    aboveIn(run, 'clip_ratio/region_mean', 'clipping', bounds, 'share of ratios that were clipped, at the end')
  );
}

/** For PPO. A constant value model explains nothing (0); below 0, advantages would be less noisy without it. */
function valueFit({ steps }: AuditedRun): Finding | undefined {
  if (series(steps, 'val/var_explained').length === 0) return undefined;
  const what = "share of the returns' variance that the value model explains, at the end";
  return below('value_fit', ending(steps, 'val/var_explained'), { warning: 0, failed: -Infinity }, what);
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
