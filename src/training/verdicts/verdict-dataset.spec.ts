import { expect, test } from 'vitest';
import { auditDpo, auditKto, auditSft, type AuditedDatasetRun } from './verdict-dataset.js';

const good = { loss: 0.4, 'rewards/accuracies': 0.8, 'rewards/margins': 1, 'rewards/chosen': 0.3 };

function run(after: Record<string, number> = {}, rest: Partial<AuditedDatasetRun> = {}): AuditedDatasetRun {
  const end = { ...good, ...after };
  const steps: AuditedDatasetRun['steps'] = [{ loss: 0.7, eval_loss: 0.5 }, { loss: 0.5 }, { loss: 0.4, eval_loss: end.loss }];
  return { steps, before: { loss: Math.LN2 }, after: end, heldOut: true, shortened: 0, ...rest };
}

const bad = ({ findings }: ReturnType<typeof auditDpo>) =>
  findings.filter(({ status }) => status !== 'healthy').map(({ check, status }) => `${check} ${status}`);

test('a run whose evaluation improved to the end is healthy', () => {
  expect(auditSft(run())).toMatchObject({ status: 'healthy' });
  expect(auditDpo(run())).toMatchObject({ status: 'healthy' });
  expect(auditDpo(run()).findings.find(({ check }) => check === 'loss_fall')?.value).toBeCloseTo(Math.LN2 - 0.4, 9);
});

test.each<[string, AuditedDatasetRun, string[]]>([
  ['learned nothing', run({ loss: 0.7 }), ['loss_fall failed', 'overfitting failed']],
  ['was better in the middle', run({ loss: 0.55 }), ['overfitting warning']],
  ['guesses', run({ 'rewards/accuracies': 0.5 }), ['preference_accuracy warning']],
  ['prefers the rejected', run({ 'rewards/accuracies': 0.4 }), ['preference_accuracy failed']],
  ['ran away', run({ 'rewards/margins': 30 }), ['margin_size warning']],
  ['both became unlikely', run({ 'rewards/chosen': -3 }), ['likelihood_displacement warning']],
  ['not a number', run({ loss: NaN }), ['finite failed', 'loss_fall failed']],
  ['nothing held out', run({}, { heldOut: false }), ['held_out warning']],
  ['cut', run({}, { shortened: 0.3 }), ['shortened warning']],
])('%s', (_name, audited, expected) => {
  expect(bad(auditDpo(audited))).toEqual(expected);
});

test.each<[string, Record<string, number>, string[]]>([
  ['tells them apart', {}, []],
  ['cannot tell them apart', { 'rewards/margins': 0.01 }, ['desirability_margin warning']],
  ['has them the wrong way round', { 'rewards/margins': -0.2 }, ['desirability_margin failed']],
  ['ran away', { 'rewards/margins': 30, kl: 200 }, ['reference_point failed', 'margin_size warning']],
])('on ratings: %s', (_name, after, expected) => {
  expect(bad(auditKto(run({ kl: 0.5, ...after })))).toEqual(expected);
});

test('a reference point of 0 is fine, and data of one kind has no margin', () => {
  const { status, findings } = auditKto({ ...run(), after: { loss: 0.4, 'rewards/chosen': 0.3, kl: 0 } });
  expect(status).toBe('healthy');
  expect(findings.map(({ check }) => check)).not.toContain('desirability_margin');
});
