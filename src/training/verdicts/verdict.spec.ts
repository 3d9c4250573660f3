import { expect, test } from 'vitest';
import type { Finding } from '#src/common/findings.js';
import { auditRun, type AuditedRun } from './verdict.js';
import { auditDpo } from './verdict-dataset.js';

type Curve = (progress: number) => number;

/** A run of 20 steps that is healthy but for the curves given; `progress` goes from 0 to 1. */
function run(curves: Record<string, Curve> = {}, rewards: Partial<AuditedRun> = {}): AuditedRun {
  const healthy: Record<string, Curve> = {
    reward: (p) => p,
    kl: (p) => 0.1 * p,
    entropy: (p) => 1 - 0.3 * p,
    frac_reward_zero_std: () => 0.1,
    'completions/clipped_ratio': () => 0.02,
    'completions/mean_length': () => 30,
    reward_length_correlation: () => 0.1,
  };
  const steps = Array.from({ length: 20 }, (_, i) =>
    Object.fromEntries(
      Object.entries({ ...healthy, ...curves }).map(([name, curve]) => [name, curve(i / 19)]),
    ),
  );
  return { steps, rewardBefore: 0, rewardAfter: 0.9, split: 'eval', best: true, ...rewards };
}

/** The same run, had it not measured this. */
function without(name: string, { steps, ...rest }: AuditedRun): AuditedRun {
  return { steps: steps.map((step) => Object.fromEntries(Object.entries(step).filter(([key]) => key !== name))), ...rest };
}

const bad = (audited: AuditedRun) => {
  const { status, findings } = auditRun(audited);
  return [
    status,
    findings.filter((finding) => finding.status !== 'healthy').map(({ check, status: s }) => `${check} ${s}`),
  ];
};

test('a run that learned with small drift is healthy, and every check says what it measured', () => {
  const { status, findings } = auditRun(run());
  expect(status).toBe('healthy');
  expect(findings.map((finding) => finding.check)).toEqual([
    'finite',
    'reward_gain',
    'kl_size',
    'kl_slope',
    'entropy_collapse',
    'zero_std_groups',
    'truncation',
    'length_gaming',
    'evaluation_gain',
    'held_out',
  ]);
  expect(findings.find((finding) => finding.check === 'kl_size')?.value).toBeCloseTo(0.1 * (37 / 38), 6);
});

test.each<[string, AuditedRun, [string, string[]]]>([
  ['reward fell', run({ reward: () => 1 }, { rewardAfter: -0.1 }), ['failed', ['reward_gain failed']]],
  ['drifted far', run({ kl: () => 0.8 }), ['warning', ['kl_size warning']]],
  ['drifted away', run({ kl: (p) => 12 * p }), ['failed', ['kl_size failed', 'kl_slope failed']]],
  ['still drifting', run({ kl: (p) => 0.48 * Math.max(0, 2 * p - 1) }), ['warning', ['kl_slope warning']]],
  ['collapsed', run({ entropy: (p) => (p > 0.5 ? 0.01 : 1) }), ['failed', ['entropy_collapse failed']]],
  ['no contrast', run({ frac_reward_zero_std: () => 1 }), ['failed', ['zero_std_groups failed']]],
  ['cut off', run({ 'completions/clipped_ratio': () => 0.4 }), ['warning', ['truncation warning']]],
  [
    'longer and longer',
    run({ 'completions/mean_length': (p) => 30 + 60 * p, reward_length_correlation: () => 0.6 }),
    ['warning', ['length_gaming warning']],
  ],
  ['only in training', run({}, { rewardAfter: 0.1 }), ['warning', ['evaluation_gain warning']]],
  ['a value model that misleads', run({ 'val/var_explained': (p) => 0.5 - p }), ['warning', ['value_fit warning']]],
  ['inner epochs that go too far', run({ 'policy/approxkl_avg': (p) => 0.1 * p }), ['warning', ['step_size warning']]],
  ['inner epochs that run away', run({ 'policy/approxkl_avg': (p) => 5 * p }), ['failed', ['step_size failed']]],
  ['tokens that are clipped', run({ 'policy/clipfrac_avg': () => 0.4 }), ['warning', ['clipping warning']]],
  ['completions that are clipped', run({ 'clip_ratio/region_mean': () => 0.4 }), ['warning', ['clipping warning']]],
  ['chosen by what it practised on', run({}, { split: 'train' }), ['warning', ['held_out warning']]],
  ['measured on what it practised on', run({}, { split: 'train', best: false }), ['warning', ['held_out warning']]],
  ['not a number', run({ loss: (p) => (p > 0.9 ? Number.NaN : 1) }), ['failed', ['finite failed']]],
])('%s', (_name, audited, expected) => {
  expect(bad(audited)).toEqual(expected);
});

test('findings come with the worst first, and those that did not pass say what to do', () => {
  const { findings } = auditRun(run({ entropy: (p) => (p > 0.5 ? 0.01 : 1), 'completions/clipped_ratio': () => 0.4 }));
  expect(findings.slice(0, 3).map(({ check, status }) => [check, status])).toEqual([
    ['entropy_collapse', 'failed'],
    ['truncation', 'warning'],
    ['finite', 'healthy'],
  ]);
  expect(findings.map(({ advice }) => advice).slice(0, 3)).toEqual([expect.stringMatching(/^Raise beta/), expect.stringMatching(/^Raise maxTokens/), null]);
});

test('one KL: that over all completions of a step where it was measured, over the steps that are named', () => {
  const { findings } = auditRun(run({ kl: () => 0.068, kl_k3: (p) => 0.6 * p }));
  const of = (check: string) => findings.find((finding) => finding.check === check)!;
  expect(of('kl_size')).toMatchObject({ status: 'warning', message: 'KL to the start in nats per token, mean of the last 2 steps: 0.584' });
  expect(of('kl_slope')).toMatchObject({ status: 'warning', value: expect.closeTo(0.6 / 19, 9) });
});

test('the same fact of an evaluation, the same words, whatever the method', () => {
  const evaluation = { loss: 1, 'rewards/accuracies': 1, 'rewards/margins': 1, 'rewards/chosen': 1 };
  const dataset = { steps: [{ loss: 1 }], before: evaluation, after: evaluation, shortened: 0 };
  const found = (findings: Finding[]) => findings.find(({ check }) => check === 'held_out');
  for (const held of [true, false]) {
    const sampled = found(auditRun(run({}, { split: held ? 'eval' : 'train', best: false })).findings);
    expect(sampled).toEqual(found(auditDpo({ ...dataset, heldOut: held }).findings));
    expect(sampled!.status).toBe(held ? 'healthy' : 'warning');
  }
});

test('a KL that was not measured is not 0: the audit says so, and judges by the rest', () => {
  const { status, findings } = auditRun(without('kl', run()));
  expect(status).toBe('healthy');
  for (const check of ['kl_size', 'kl_slope']) {
    const found = findings.find((finding) => finding.check === check)!;
    expect(found).toMatchObject({ status: 'not_measured', value: null });
    expect(found.message).toContain('not measured');
  }
  expect(auditRun(without('kl', run({}, { rewardAfter: -1 }))).status).toBe('failed');
});

test('a check of what the method has no figure of is left out', () => {
  const checksOf = (audited: AuditedRun) => auditRun(audited).findings.map(({ check }) => check);
  const ppo = without('frac_reward_zero_std', run({ 'val/var_explained': () => 0.4, 'policy/approxkl_avg': () => 0.01, 'policy/clipfrac_avg': () => 0.1 }));
  expect(checksOf(ppo)).not.toContain('zero_std_groups');
  expect(checksOf(ppo)).toEqual(expect.arrayContaining(['value_fit', 'step_size', 'clipping']));
  expect(auditRun(ppo).status).toBe('healthy');
  expect(checksOf(run())).not.toContain('value_fit');
  expect(checksOf(without('entropy', run()))).not.toContain('entropy_collapse');
});
