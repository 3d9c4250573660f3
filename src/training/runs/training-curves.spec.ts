import { expect, test } from 'vitest';
import { adviceFor } from '#src/common/findings.js';
import { stoppedFinding } from '#src/rl/step-loop.js';
import { auditDpo, auditKto, auditSft } from '../verdicts/verdict-dataset.js';
import { auditRun } from '../verdicts/verdict.js';
import { seriesOf, seriesOfCheck } from './training-curves.service.js';

test('every check of every audit has its series', () => {
  const evaluation = { loss: 1, 'rewards/accuracies': 1, 'rewards/margins': 1, 'rewards/chosen': 1 };
  const dataset = { steps: [{ loss: 1 }], before: evaluation, after: evaluation, heldOut: true, shortened: 0 };
  const figures = { 'policy/approxkl_avg': 0, 'policy/clipfrac_avg': 0, 'val/var_explained': 0, frac_reward_zero_std: 0 };
  const rollouts = { steps: [{ reward: 1, kl: 0, entropy: 1, ...figures }], rewardBefore: 0, rewardAfter: 1, split: 'train', best: true } as const;
  const findings = [
    ...auditSft(dataset).findings,
    ...auditDpo(dataset).findings,
    ...auditKto({ ...dataset, after: { ...evaluation, kl: 0 } }).findings,
    ...auditRun(rollouts).findings,
    ...(['diverged', 'kl_budget'] as const).map((reason) => stoppedFinding({ reason, step: 1, detail: '' })),
  ];
  expect(findings.map(({ check }) => check).filter((check) => !Object.hasOwn(seriesOfCheck, check))).toEqual([]);
  expect(findings.map(({ check }) => check).filter((check) => !adviceFor(check))).toEqual([]);
  expect(seriesOf('kl_slope')).toEqual(['kl_k3', 'kl']);
  expect(seriesOf('unheard of')).toEqual([]);
});
