/**
 * Raw and specific agreement, from a coincidence matrix (Cicchetti & Feinstein 1990; Fleiss 1981, chapter 13).
 *
 *   raw = sum o_cc / n          level c: o_cc / n_c
 *
 * Raw agreement is the share of pairable values whose partner is the same, each item weighing as much as it has values.
 * That of a level is the chance that, where one labeler gave it, another one of the item did too. Neither is corrected
 * for chance: on a scale of two, throwing a coin gives 0.5.
 */
import { marginals } from './coincidences.js';

export interface LevelAgreement {
  /** Pairable values at this level. */
  values: number;
  /** Null where nobody gave the level. */
  agreement: number | null;
  /** Index of the other level that partners gave most often; null where none did. */
  confusedWith: number | null;
}

export function rawAgreement(matrix: Float64Array, levels: number): number | null {
  let same = 0;
  let n = 0;
  for (let c = 0; c < levels; c++) {
    same += matrix[c * levels + c];
    for (let k = 0; k < levels; k++) n += matrix[c * levels + k];
  }
  return n === 0 ? null : same / n;
}

export function levelAgreements(matrix: Float64Array, levels: number): LevelAgreement[] {
  return Array.from(marginals(matrix, levels), (values, c) => {
    let confusedWith: number | null = null;
    for (let k = 0; k < levels; k++) {
      if (k === c || matrix[c * levels + k] === 0) continue;
      if (confusedWith === null || matrix[c * levels + k] > matrix[c * levels + confusedWith]) confusedWith = k;
    }
    return { values, agreement: values === 0 ? null : matrix[c * levels + c] / values, confusedWith };
  });
}
