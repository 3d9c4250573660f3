/**
 * Dawid & Skene (1979, "Maximum likelihood estimation of observer error-rates using the EM algorithm", Applied
 * Statistics 28). Each item has a true level j, with share p_j; labeler l answers k to it with probability pi_ljk.
 *
 *   E (2.5):  T_ij ~ p_j prod over answers (l, k) to i of pi_ljk
 *   M (2.3):  pi_ljk = sum_i T_ij n_ilk / sum_i T_ij n_il.     (2.4):  p_j = mean_i T_ij
 *
 * begun (3.1) with T_ij as the share of answers j. Several answers of a labeler to one item are allowed.
 *
 * What differs: `prior` pseudo-answers per labeler and true level, spread as all labelers together answer (maximum a
 * posteriori; 0 is the paper). Without it a labeler who has met level 5 twice has an error rate of 0 or 0.5 there.
 */
import { setImmediate } from 'node:timers/promises';

export interface Answers {
  items: number;
  labelers: number;
  levels: number;
  /** Of each answer: whose item, by whom, what. */
  item: Int32Array;
  labeler: Int32Array;
  level: Int32Array | Uint8Array;
}

export interface DawidSkene {
  /** p_j, [levels] */
  prevalence: Float64Array;
  /** pi_ljk, [labelers, levels, levels]; all zero for a true level that a labeler never met, without a prior */
  errorRates: Float64Array;
  /** T_ij, [items, levels] */
  posterior: Float64Array;
  iterations: number;
  /** Of the answers, at the estimates before the last step (2.7). */
  logLikelihood: number;
}

export interface DawidSkeneOptions {
  prior?: number;
  /** Stops once the log-likelihood rises by less, per answer. */
  tolerance?: number;
  maxIterations?: number;
}

export function dawidSkene(answers: Answers, options: DawidSkeneOptions = {}): DawidSkene {
  const steps = emSteps(answers, options);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The same, to the last digit, while others are served between the steps: a million answers take seconds in all. */
export async function dawidSkeneInTurns(answers: Answers, options: DawidSkeneOptions = {}): Promise<DawidSkene> {
  const steps = emSteps(answers, options);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await setImmediate();
  }
}

function* emSteps(answers: Answers, { prior = 0, tolerance = 1e-9, maxIterations = 500 }: DawidSkeneOptions): Generator<void, DawidSkene> {
  const posterior = voteShares(answers);
  const prevalence = new Float64Array(answers.levels);
  const errorRates = new Float64Array(answers.labelers * answers.levels ** 2);
  let before = -Infinity;
  for (let iterations = 1; ; iterations++) {
    maximize(answers, posterior, prevalence, errorRates, prior);
    const logLikelihood = expect(answers, posterior, prevalence, errorRates);
    const settled = logLikelihood - before < tolerance * answers.item.length;
    if (settled || iterations >= maxIterations) return { prevalence, errorRates, posterior, iterations, logLikelihood };
    before = logLikelihood;
    yield;
  }
}

function voteShares({ items, levels, item, level }: Answers): Float64Array {
  const shares = new Float64Array(items * levels);
  for (let a = 0; a < item.length; a++) shares[item[a] * levels + level[a]]++;
  for (let i = 0; i < items; i++) normalize(shares, i * levels, levels);
  return shares;
}

function maximize(answers: Answers, posterior: Float64Array, prevalence: Float64Array, errorRates: Float64Array, prior: number): void {
  const { items, labelers, levels, item, labeler, level } = answers;
  prevalence.fill(0);
  for (let i = 0; i < items; i++) for (let j = 0; j < levels; j++) prevalence[j] += posterior[i * levels + j] / items;
  errorRates.fill(0);
  for (let a = 0; a < item.length; a++) {
    const row = item[a] * levels;
    const cell = labeler[a] * levels * levels + level[a];
    for (let j = 0; j < levels; j++) errorRates[cell + j * levels] += posterior[row + j];
  }
  if (prior > 0) addPooled(errorRates, labelers, levels, prior);
  for (let row = 0; row < labelers * levels; row++) normalize(errorRates, row * levels, levels);
}

/** Spreads `prior` pseudo-answers over each row as the sum of all labelers' rows is spread, or, where that is empty, evenly. */
function addPooled(errorRates: Float64Array, labelers: number, levels: number, prior: number): void {
  const size = levels * levels;
  const pooled = new Float64Array(size);
  for (let cell = 0; cell < labelers * size; cell++) pooled[cell % size] += errorRates[cell];
  for (let j = 0; j < levels; j++) {
    // A whole pseudo-answer at least, so that nothing anybody may yet answer is impossible.
    for (let k = 0; k < levels; k++) pooled[j * levels + k] += 1 / levels;
    normalize(pooled, j * levels, levels);
  }
  for (let cell = 0; cell < labelers * size; cell++) errorRates[cell] += prior * pooled[cell % size];
}

/** Fills `posterior`; returns the log-likelihood. */
function expect(answers: Answers, posterior: Float64Array, prevalence: Float64Array, errorRates: Float64Array): number {
  const { items, levels, item, labeler, level } = answers;
  const logs = errorRates.map(Math.log);
  const priors = prevalence.map(Math.log);
  for (let cell = 0; cell < posterior.length; cell++) posterior[cell] = priors[cell % levels];
  for (let a = 0; a < item.length; a++) {
    const row = item[a] * levels;
    const cell = labeler[a] * levels * levels + level[a];
    for (let j = 0; j < levels; j++) posterior[row + j] += logs[cell + j * levels];
  }
  let logLikelihood = 0;
  for (let i = 0; i < items; i++) {
    let largest = -Infinity;
    for (let j = 0; j < levels; j++) largest = Math.max(largest, posterior[i * levels + j]);
    for (let j = 0; j < levels; j++) posterior[i * levels + j] = Math.exp(posterior[i * levels + j] - largest);
    logLikelihood += largest + Math.log(normalize(posterior, i * levels, levels));
  }
  return logLikelihood;
}

/** Divides by the sum, and returns it; leaves a row of zeros as it is. */
function normalize(values: Float64Array, from: number, length: number): number {
  let total = 0;
  for (let i = from; i < from + length; i++) total += values[i];
  if (total > 0) for (let i = from; i < from + length; i++) values[i] /= total;
  return total;
}
