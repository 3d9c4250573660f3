/**
 * Audits a finished run on recorded completions: does it generalise to held-out prompts, or did it memorise,
 * or run away from where it started? It knows the data's own measure only: whether the policy answers better is what a
 * comparison says.
 */
import { above, below, finite, finiteness, heldOutFinding, show, verdictOf, type Finding, type Steps, type Verdict } from '#src/common/findings.js';
import { stoppedFinding, type Stopped } from '#src/rl/step-loop.js';
import { type Metrics } from '#src/lm/files/training-progress.js';

export interface AuditedDatasetRun {
  /** Metrics by name, step after step; the last one of a pass has `eval_<name>` too. */
  steps: Steps;
  /** The evaluation before and after. */
  before: Metrics;
  after: Metrics;
  /** The evaluation was on prompts that training never saw. */
  heldOut: boolean;
  /** Share of completions that were cut or left out. */
  shortened: number;
  stopped?: Stopped;
}

export function auditSft(run: AuditedDatasetRun): Verdict {
  return verdictOf(common(run));
}

export function auditDpo(run: AuditedDatasetRun): Verdict {
  const { after } = run;
  return verdictOf([
    ...common(run),
    below(
      'preference_accuracy',
      after['rewards/accuracies'],
      { warning: 0.55, failed: 0.5 },
      'share of evaluation pairs whose chosen completion gained more',
    ),
    above('margin_size', after['rewards/margins'], { warning: 10, failed: 100 }, 'margin of rewards on the evaluation pairs'),
    displacement(run),
  ]);
}

export function auditKto(run: AuditedDatasetRun): Verdict {
  const { after } = run;
  const margin = after['rewards/margins'];
  const separated: Finding[] =
    margin === undefined
      ? []
      : [
          below('desirability_margin', margin, { warning: 0.05, failed: 0 }, 'reward of desirable completions above that of undesirable ones, on the evaluation data'),
          above('margin_size', margin, { warning: 10, failed: 100 }, 'margin of rewards on the evaluation data'),
        ];
  // Nats per completion: a high reference point means that the policy writes different texts.
  return verdictOf([...common(run), ...separated, above('reference_point', after.kl, { warning: 20, failed: 100 }, 'estimated KL to the starting policy, in nats per completion')]);
}

function common(run: AuditedDatasetRun): Finding[] {
  return [
    finiteness(run.steps, [...Object.values(run.before), ...Object.values(run.after)]),
    lossFall(run),
    overfitting(run),
    heldOutFinding(run.heldOut),
    ...(run.stopped ? [stoppedFinding(run.stopped)] : []),
    above('shortened', run.shortened, { warning: 0.1, failed: Infinity }, 'share of completions cut or left out for length'),
  ];
}

function lossFall({ before, after }: AuditedDatasetRun): Finding {
  const fall = before.loss - after.loss;
  return {
    check: 'loss_fall',
    status: fall > 0 ? 'healthy' : 'failed',
    value: finite(fall),
    threshold: 0,
    message: `loss on the evaluation data went from ${show(before.loss)} to ${show(after.loss)}`,
  };
}

/** How much of what was won on the evaluation data was lost again in later passes. */
function overfitting({ steps, before, after }: AuditedDatasetRun): Finding {
  const lowest = Math.min(after.loss, ...steps.flatMap((step) => ('eval_loss' in step ? [step.eval_loss] : [])));
  const won = before.loss - lowest;
  const lost = won > 0 ? (after.loss - lowest) / won : 0;
  return above('overfitting', lost, { warning: 0.1, failed: 1 }, 'share of the decrease in evaluation loss that was lost again');
}

/**
 * The loss falls as well when both completions become unlikely and the rejected one more so; the policy then writes
 * something else (Razin et al. 2024, arXiv:2410.08847).
 */
function displacement({ after }: AuditedDatasetRun): Finding {
  const [chosen, margin] = [after['rewards/chosen'], after['rewards/margins']];
  const lost = chosen < 0 && margin > 0 ? -chosen / margin : 0;
  return above(
    'likelihood_displacement',
    lost,
    { warning: 1, failed: 10 },
    'decrease in likelihood of chosen completions, in margins',
  );
}
