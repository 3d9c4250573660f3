// Agreement of one set of ratings in one dimension: every figure with its interval, out of the patterns and tables that
// the database has counted.
import { krippendorffAlpha } from './alpha.js';
import { bootstrap, defaultResamples, type Estimate } from './bootstrap.js';
import { coincidences, coincidenceTable, type CountPattern } from './coincidences.js';
import { levelAgreements, rawAgreement } from './level-agreement.js';
import { valueWeight, weightedKappa } from './weighted-kappa.js';

/** What two labelers gave to the items that both rated. */
export interface LabelerPairTable {
  labelerIds: [string, string];
  /** Row-major indices into the table of levels, and the items there. */
  cells: readonly number[];
  items: readonly number[];
}

export interface LevelReport {
  value: number;
  /** Values at this level, of items rated at least twice. */
  ratings: number;
  agreement: number | null;
  /** Value of the level that it is taken for most often. */
  confusedWith: number | null;
}

export interface LabelerPairReport {
  labelerIds: [string, string];
  items: number;
  linearKappa: Estimate | null;
  quadraticKappa: Estimate | null;
  rawAgreement: Estimate | null;
}

export interface AgreementFigures {
  /** Items that at least two labelers rated: all others tell nothing. */
  items: number;
  ratings: number;
  alpha: { nominal: Estimate | null; ordinal: Estimate | null; interval: Estimate | null };
  rawAgreement: Estimate | null;
  levels: LevelReport[];
  resamples: number;
}

/** Where patterns are very many, resamples are fewer: about this many sums in all. */
const budget = 2e8;
const fewestResamples = 200;
/** Tables of two labelers are many and small. */
const pairResamples = 400;

export async function agreementFigures(patterns: readonly CountPattern[], values: readonly number[]): Promise<AgreementFigures> {
  const levels = values.length;
  const table = coincidenceTable(patterns, levels);
  const matrix = coincidences(table);
  const resamples = Math.max(fewestResamples, Math.min(defaultResamples, Math.floor(budget / (1 + table.cell.length + levels * levels))));
  const figures = (items: Float64Array) => {
    const drawn = coincidences(table, items);
    return [
      krippendorffAlpha(drawn, values, 'nominal'),
      krippendorffAlpha(drawn, values, 'ordinal'),
      krippendorffAlpha(drawn, values, 'interval'),
      rawAgreement(drawn, levels),
    ];
  };
  const [nominal, ordinal, interval, raw] = await bootstrap(table.items, figures, { seed: 'agreement', resamples });
  const perLevel = levelAgreements(matrix, levels);
  return {
    items: table.items.reduce((sum, items) => sum + items, 0),
    // Sums of thirds and the like: the nearest whole number is the number.
    ratings: Math.round(matrix.reduce((sum, value) => sum + value, 0)),
    alpha: { nominal, ordinal, interval },
    rawAgreement: raw,
    levels: perLevel.map((level, c) => ({
      value: values[c],
      ratings: Math.round(level.values),
      agreement: level.agreement,
      confusedWith: level.confusedWith === null ? null : values[level.confusedWith],
    })),
    resamples,
  };
}

export async function labelerPairReport(pair: LabelerPairTable, values: readonly number[]): Promise<LabelerPairReport> {
  const levels = values.length;
  const counts = new Float64Array(levels * levels);
  const figures = (items: Float64Array) => {
    counts.fill(0);
    let same = 0;
    let all = 0;
    pair.cells.forEach((cell, i) => {
      counts[cell] = items[i];
      all += items[i];
      if (Math.floor(cell / levels) === cell % levels) same += items[i];
    });
    return [
      weightedKappa(counts, levels, valueWeight(values, 'linear')),
      weightedKappa(counts, levels, valueWeight(values, 'quadratic')),
      all === 0 ? null : same / all,
    ];
  };
  const options = { seed: 'labeler pair', resamples: pairResamples };
  const [linearKappa, quadraticKappa, raw] = await bootstrap(Float64Array.from(pair.items), figures, options);
  return { labelerIds: pair.labelerIds, items: pair.items.reduce((sum, n) => sum + n, 0), linearKappa, quadraticKappa, rawAgreement: raw };
}
