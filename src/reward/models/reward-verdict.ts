/**
 * Audits a trained reward model: is it better than content-blind rules, does it generalise, are its rewards calibrated, does it follow
 * length? It uses the reported figures and says what it found; `healthy` is a clean audit, and no proof that a policy trained on it gets
 * better.
 */
import { above, below, finite, heldOutFinding, show, verdictOf, type Finding, type Verdict } from '#src/common/findings.js';
import { type EvaluationSlice } from '../evaluation/evaluation-slices.js';
import { type RewardEvaluation } from '../evaluation/reward-evaluation.js';
import { type MemberTraining } from './reward-model.entity.js';

/** The worst finding is the verdict. */
export function auditReward(evaluation: RewardEvaluation, trainings: readonly MemberTraining[], trainTexts: number): Verdict {
  return verdictOf([
    finiteness(trainings),
    beatsNulls(evaluation),
    heldOutFinding(evaluation.split === 'eval'),
    overfitting(evaluation),
    above('calibration', evaluation.calibrationError, { warning: 0.1, failed: Infinity }, 'expected calibration error of the unscaled rewards'),
    above('length_correlation', evaluation.lengthCorrelation ?? 0, { warning: 0.7, failed: 0.95 }, 'correlation of reward and length within prompts'),
    shorterPreferred(evaluation),
    above('shortened', evaluation.truncatedTexts / trainTexts, { warning: 0.1, failed: Infinity }, 'share of training texts that were cut'),
  ]);
}

function finiteness(trainings: readonly MemberTraining[]): Finding {
  const diverged = trainings.filter(({ ended }) => ended?.reason === 'diverged');
  const message =
    diverged.length === 0
      ? 'loss and gradients were finite'
      : `${diverged[0].ended!.message}; the weights of step ${diverged[0].keptStep} were kept`;
  return { check: 'finite', status: diverged.length === 0 ? 'healthy' : 'failed', value: diverged.length, threshold: 0, message };
}

function beatsNulls({ bestNull: { rule, gain }, accuracy }: RewardEvaluation): Finding {
  const status = gain.value <= 0 ? 'failed' : gain.low <= 0 ? 'warning' : 'healthy';
  const message =
    `accuracy ${show(accuracy.value)} is ${show(gain.value)} (95%: ${show(gain.low)} to ${show(gain.high)}) ` +
    `above what "the ${rule} wins" gets without reading`;
  return { check: 'beats_nulls', status, value: finite(gain.value), threshold: 0, message };
}

function overfitting({ trainAccuracy, accuracy }: RewardEvaluation): Finding {
  const lost = trainAccuracy === null ? 0 : trainAccuracy - accuracy.value;
  return above('overfitting', lost, { warning: 0.15, failed: 0.35 }, 'accuracy on training prompts minus accuracy on held-out prompts');
}

/** Where people preferred the shorter one, length does not help; accuracy below 0.5 means that length was learnt instead. */
function shorterPreferred({ slices }: RewardEvaluation): Finding {
  const found = slices.find(({ by, value }: EvaluationSlice) => by === 'preferred' && value === 'shorter');
  const what = 'accuracy on pairs whose preferred completion is the shorter one';
  // With few such pairs a low share may be chance: the upper end of the interval counts.
  return below('shorter_preferred', found?.accuracy.high ?? 1, { warning: 0.5, failed: 0.2 }, `${what}, upper end of its interval`);
}
