/**
 * Weighted kappa of two labelers (Cohen 1968, "Weighted kappa", Psychological Bulletin 70):
 *
 *   kappa_w = 1 - sum v_ck p_ck / sum v_ck p_c. p_.k
 *
 * with p the table of proportions (rows: one labeler, columns: the other) and v_ck >= 0 the weight of disagreeing as
 * c against k. Linear weights |v_c - v_k| and quadratic ones (v_c - v_k)^2 are taken of the values of the scale; on
 * evenly spaced values these are the usual ones. With quadratic weights kappa_w is an intraclass correlation
 * (Fleiss & Cohen 1973). Null where both gave one and the same level throughout.
 */
export const kappaWeights = ['linear', 'quadratic'] as const;
export type KappaWeights = (typeof kappaWeights)[number];

/**
 * @param counts items by the levels that the two gave, [levels * levels], row-major
 * @param weight of a disagreement, by level indices
 */
export function weightedKappa(counts: ArrayLike<number>, levels: number, weight: (c: number, k: number) => number): number | null {
  const rows = new Float64Array(levels);
  const columns = new Float64Array(levels);
  let n = 0;
  for (let c = 0; c < levels; c++) {
    for (let k = 0; k < levels; k++) {
      rows[c] += counts[c * levels + k];
      columns[k] += counts[c * levels + k];
      n += counts[c * levels + k];
    }
  }
  let observed = 0;
  let expected = 0;
  for (let c = 0; c < levels; c++) {
    for (let k = 0; k < levels; k++) {
      observed += weight(c, k) * counts[c * levels + k];
      expected += (weight(c, k) * rows[c] * columns[k]) / n;
    }
  }
  return n === 0 || expected === 0 ? null : 1 - observed / expected;
}

export function valueWeight(values: readonly number[], weights: KappaWeights): (c: number, k: number) => number {
  return weights === 'linear' ? (c, k) => Math.abs(values[c] - values[k]) : (c, k) => (values[c] - values[k]) ** 2;
}
