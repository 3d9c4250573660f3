/** Settings that each may be given and that do not go together, or are beyond what makes sense; pure. */
import { unprocessable, type ProblemException } from '#src/common/problem.js';
import type { LoopConfig, LoopTrainingConfig } from './loop-config.js';

/** The first rule that the settings break. */
export function brokenRule({ generation, ratings, pairs, reward, training, gate }: LoopConfig): ProblemException | undefined {
  const outside = (value: number | null, low: number, high: number) => value !== null && !(value >= low && value <= high);
  if (outside(gate.winRate, 0, 0.99)) {
    return unprocessable('gate_out_of_range', '/gate/winRate', 'range', 'gate.winRate must be from 0 to 0.99', gate.winRate);
  }
  if (gate.maxKl !== null && !(gate.maxKl > 0)) {
    return unprocessable('kl_budget_out_of_range', '/gate/maxKl', 'range', 'gate.maxKl must be above 0', gate.maxKl);
  }
  if (gate.maxKl !== null && learnsFromRecords(training)) {
    const message = `gate.maxKl needs a method that measures a KL; ${training.method} does not`;
    return unprocessable('kl_budget_unsupported', '/gate/maxKl', 'method', message, gate.maxKl);
  }
  if (gate.maxKl !== null && measuresNoKl(training)) {
    const message = 'gate.maxKl needs beta above 0 or a klBudget: otherwise no KL is measured';
    return unprocessable('kl_not_measured', '/gate/maxKl', 'measured', message, gate.maxKl);
  }
  if (!(ratings.quorum > 0 && ratings.quorum <= 1)) {
    return unprocessable('quorum_out_of_range', '/ratings/quorum', 'range', 'ratings.quorum must be above 0 and at most 1', ratings.quorum);
  }
  if (outside(ratings.minimumAgreement, 0, 1)) {
    const message = 'ratings.minimumAgreement must be from 0 to 1';
    return unprocessable('agreement_out_of_range', '/ratings/minimumAgreement', 'range', message, ratings.minimumAgreement);
  }
  if (ratings.minimumAgreement !== null && ratings.perCompletion < 2) {
    const message = 'ratings.minimumAgreement needs ratings.perCompletion of at least 2';
    return unprocessable('agreement_needs_two_ratings', '/ratings/perCompletion', 'min', message, ratings.perCompletion);
  }
  if (pairs.aggregation === 'reliability-weighted' && ratings.perCompletion < 2) {
    const message = 'reliability-weighted aggregation needs ratings.perCompletion of at least 2';
    return unprocessable('reliability_needs_two_ratings', '/ratings/perCompletion', 'min', message, ratings.perCompletion);
  }
  if (pairs.evalFraction === 0 && learnsFromRecords(training) && training.hyperparameters.keep === 'best') {
    const message = 'keeping the best weights needs held-out prompts: set pairs.evalFraction above 0';
    return unprocessable('nothing_held_out', '/training/hyperparameters/keep', 'heldOut', message, 'best');
  }
  if (generation.selection === 'disagreement' && (reward.members ?? 1) < 2) {
    const message = 'disagreement needs an ensemble: set reward.hyperparameters.members to at least 2';
    return unprocessable('selection_needs_ensemble', '/generation/selection', 'ensemble', message, generation.selection);
  }
  if (generation.candidates < generation.prompts) {
    const message = `candidates ${generation.candidates} must be at least prompts ${generation.prompts}`;
    return unprocessable('not_enough_candidates', '/generation/candidates', 'min', message, generation.candidates);
  }
  return undefined;
}

const learnsFromRecords = ({ method }: LoopTrainingConfig): boolean => method === 'sft' || method === 'dpo' || method === 'kto';

/** PPO needs the reference's log-probabilities in any case. */
function measuresNoKl({ method, hyperparameters }: LoopTrainingConfig): boolean {
  const { beta, klBudget = null } = hyperparameters as { beta?: number; klBudget?: number | null };
  return (method === 'grpo' || method === 'rloo') && beta === 0 && klBudget === null;
}

/**
 * Evaluation prompts of a training that samples: held-out ones. If the best weights are kept, the choice would bias the later comparison
 * on the same prompts: they are then chosen on training prompts, and the verdict says so.
 */
export const evaluationPromptSetOf = (heldOutPromptSetId: string, hyperparameters: { keep?: string }): string | undefined =>
  hyperparameters.keep === 'best' ? undefined : heldOutPromptSetId;
