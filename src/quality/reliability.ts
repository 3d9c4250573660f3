/**
 * How reliable a labeler is, and how much their ratings weigh, from the error rates of Dawid and Skene.
 *
 *   rho_l = 1 - sum_jk p_j pi_ljk (v_j - v_k)^2 / sum_jk p_j q_lk (v_j - v_k)^2,    q_lk = sum_j p_j pi_ljk
 *
 * is the quadratically weighted kappa (Cohen 1968) between the labeler's answers and the true levels: 1 for always
 * right, 0 for answers that do not depend on what is rated. As a reliability, true variance over observed variance,
 * it gives the weight that inverse-variance weighting would (signal over noise; Spearman 1910, Brown 1910):
 *
 *   w_l = rho / (1 - rho),  rho held within 0.05 .. 0.95
 *
 * What differs: the bounds, so that nobody decides alone and nobody is silenced; and weights are rounded to multiples of
 * 1/1024, so that weighted sums are exact and the same in any order.
 */
import type { DawidSkene } from './dawid-skene.js';
import { valueWeight, weightedKappa } from './weighted-kappa.js';

/** Pseudo-answers per labeler and true level, see dawid-skene.ts: those of a labeler of whom little is known. */
export const reliabilityPrior = 2;

const bounds = { low: 0.05, high: 0.95 };

/** rho per labeler; null where prevalence or answers leave nothing to tell apart. */
export function reliabilities({ prevalence, errorRates }: Pick<DawidSkene, 'prevalence' | 'errorRates'>, values: readonly number[]): (number | null)[] {
  const levels = values.length;
  const size = levels * levels;
  const weight = valueWeight(values, 'quadratic');
  return Array.from({ length: errorRates.length / size }, (_, labeler) => {
    const joint = Array.from({ length: size }, (_, cell) => prevalence[Math.floor(cell / levels)] * errorRates[labeler * size + cell]);
    return weightedKappa(joint, levels, weight);
  });
}

export function weightOf(reliability: number): number {
  const rho = Math.min(bounds.high, Math.max(bounds.low, reliability));
  return Math.round((1024 * rho) / (1 - rho)) / 1024;
}
