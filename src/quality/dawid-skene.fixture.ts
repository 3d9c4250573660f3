import type { Answers } from './dawid-skene.js';

/**
 * Dawid & Skene 1979, table 1: five anaesthetists judge 45 patients' fitness on a scale of four; the first of them
 * three times. A line per patient, a group of answers per observer.
 */
export const anaesthetists = `
  111 1 1 1 1, 333 4 3 3 4, 112 2 1 2 2, 222 3 1 2 1, 222 3 2 2 2, 222 3 3 2 2, 122 2 1 1 1, 333 3 4 3 3, 222 2 2 2 3,
  232 2 2 2 3, 444 4 4 4 4, 222 3 3 4 3, 111 1 1 1 1, 222 3 2 1 2, 121 1 1 1 1, 111 2 1 1 1, 111 1 1 1 1, 111 1 1 1 1,
  222 2 2 2 1, 222 1 3 2 2, 222 2 2 2 2, 222 2 2 2 1, 222 3 2 2 2, 221 2 2 2 2, 111 1 1 1 1, 111 1 1 1 1, 232 2 2 2 2,
  111 1 1 1 1, 111 1 1 1 1, 112 1 1 2 1, 111 1 1 1 1, 333 3 2 3 3, 111 1 1 1 1, 222 2 2 2 2, 222 3 2 3 2, 433 4 3 4 3,
  221 2 2 3 2, 232 3 2 3 3, 333 3 4 3 2, 111 1 1 1 1, 111 1 1 1 1, 121 2 1 1 1, 232 2 2 2 2, 121 1 1 1 1, 222 2 2 2 2`
  .trim()
  .split(/,\s+/)
  .map((patient) => patient.split(' ').map((given) => [...given].map(Number)));

/** Table 2: p_j, and by observer a row per true class of the probabilities of each answer. */
export const publishedPrevalence = [0.4, 0.42, 0.11, 0.07];
export const publishedErrorRates = [
  [0.89, 0.11, 0, 0, 0.07, 0.88, 0.05, 0, 0, 0.34, 0.66, 0, 0, 0, 0.56, 0.44],
  [0.83, 0.17, 0, 0, 0.05, 0.63, 0.31, 0, 0, 0, 1, 0, 0, 0, 0, 1],
  [1, 0, 0, 0, 0.11, 0.79, 0.11, 0, 0, 0.4, 0.2, 0.4, 0, 0, 0.67, 0.33],
  [0.94, 0.06, 0, 0, 0.05, 0.84, 0.1, 0, 0, 0, 0.8, 0.2, 0, 0, 0.33, 0.67],
  [1, 0, 0, 0, 0.16, 0.73, 0.11, 0, 0, 0.21, 0.79, 0, 0, 0, 0.33, 0.67],
];

export function toAnswers(rows: readonly (readonly [item: number, labeler: number, level: number])[], levels: number): Answers {
  return {
    items: Math.max(...rows.map(([item]) => item)) + 1,
    labelers: Math.max(...rows.map(([, labeler]) => labeler)) + 1,
    levels,
    item: Int32Array.from(rows, ([item]) => item),
    labeler: Int32Array.from(rows, ([, labeler]) => labeler),
    level: Int32Array.from(rows, ([, , level]) => level),
  };
}
