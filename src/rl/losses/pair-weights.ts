/**
 * What each pair counts in the loss, which divides by the sum of the weights of a step.
 *
 *   recorded  what the pair set gives it, for instance by how reliable its raters are; 1 where it gives nothing
 *   uniform   1
 *   margin    its difference in score over the mean difference; a tie counts 1
 *   prompt    1 / pairs of its prompt: every prompt counts the same, as InstructGPT averages (arXiv:2203.02155)
 */

/** Weight of a pair in the loss: see pair-weights.ts. */
export const pairWeightings = ['recorded', 'uniform', 'margin', 'prompt'] as const;

export type PairWeighting = (typeof pairWeightings)[number];

export interface WeighablePair {
  /** Difference of the two scores, 0 for a tie. */
  gap: number;
  tie: boolean;
  /** null where the pair set gives none. */
  recordedWeight: number | null;
}

/** Weights by prompt and pair, in the order given. Never negative; a pair of weight 0 teaches nothing. */
export function weighPairs(prompts: readonly (readonly WeighablePair[])[], weighting: PairWeighting): number[][] {
  const decided = prompts.flat().filter(({ tie }) => !tie);
  const meanGap = decided.reduce((total, { gap }) => total + gap, 0) / decided.length;
  const weigh = (pair: WeighablePair, count: number): number => {
    if (weighting === 'recorded') return Math.max(0, pair.recordedWeight ?? 1);
    if (weighting === 'prompt') return 1 / count;
    return weighting === 'margin' && !pair.tie && meanGap > 0 ? pair.gap / meanGap : 1;
  };
  return prompts.map((pairs) => pairs.map((pair) => weigh(pair, pairs.length)));
}
