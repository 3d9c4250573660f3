// What one labeler's ratings say about the labeler, beside those of others on the same items.
import { bootstrap, type Estimate } from './bootstrap.js';
import { lowFence, type RobustCentre } from './modified-z.js';
import { runsTest, type RunsTest } from './runs-test.js';
import { trendTest, type TrendTest } from './trend-test.js';

/** One rating, in order of rating, with what others gave to the same item. */
export interface OwnRating {
  score: number;
  /** Place in which the completion was shown, from 0; null where unknown. */
  position: number | null;
  timeSpentMs: number | null;
  others: number;
  othersSum: number;
  othersSquares: number;
}

export interface Severity extends Estimate {
  /** Items that others rated too. */
  items: number;
  /** `value` as a share of the scale, from its lowest to its highest level. */
  shareOfScale: number;
}

export interface PositionBias extends TrendTest {
  /** Whether deviations from others were tested, or, where too few items are shared, scores. */
  basis: 'deviation' | 'score';
}

export interface StraightLining extends RunsTest {
  /** Standard deviation of the scores over that of others' scores, on shared items. */
  spreadRatio: number | null;
}

export interface Speed {
  /** Judgements with a time. */
  ratings: number;
  medianMs: number;
  /** Of all labelers under the criterion version. */
  typicalMs: number;
  /** What took less is a low outlier; null where more than half of all times are the same. */
  fenceMs: number | null;
  tooFast: number;
}

/** Fewer items say nothing worth a figure. */
const fewestItems = 5;
/** From so many shared items on, deviations from others tell more than scores. */
const enoughDeviations = 20;

/** Mean deviation from the mean of co-raters, with a bootstrap interval over items; below 0 is severe. */
export async function severityOf(ratings: readonly OwnRating[], scaleRange: number): Promise<Severity | null> {
  const deviations = shared(ratings).map(deviation);
  if (deviations.length < fewestItems) return null;
  // Equal deviations are drawn together; thirds that differ in their last bits are equal.
  const kinds = new Map<string, { value: number; items: number }>();
  for (const value of deviations) {
    const kind = kinds.get(value.toFixed(9)) ?? { value, items: 0 };
    kind.items++;
    kinds.set(value.toFixed(9), kind);
  }
  const values = [...kinds.values()];
  const mean = (items: Float64Array) => [values.reduce((sum, { value }, i) => sum + value * items[i], 0) / deviations.length];
  const [estimate] = await bootstrap(Float64Array.from(values, ({ items }) => items), mean, { seed: 'severity' });
  return estimate && { ...estimate, items: deviations.length, shareOfScale: estimate.value / scaleRange };
}

export function positionBiasOf(ratings: readonly OwnRating[]): PositionBias | null {
  const placed = ratings.filter(({ position }) => position !== null);
  const comparable = shared(placed);
  const basis = comparable.length >= enoughDeviations ? 'deviation' : 'score';
  const cells = (basis === 'deviation' ? comparable : placed).map((rating) => ({
    x: rating.position!,
    y: basis === 'deviation' ? deviation(rating) : rating.score,
    count: 1,
  }));
  const test = cells.length < fewestItems ? null : trendTest(cells);
  return test && { ...test, basis };
}

export function straightLiningOf(ratings: readonly OwnRating[]): StraightLining {
  const comparable = shared(ratings);
  const total = (of: (rating: OwnRating) => number) => comparable.reduce((sum, rating) => sum + of(rating), 0);
  const own = spread(comparable.length, total(({ score }) => score), total(({ score }) => score * score));
  const others = spread(total(({ others }) => others), total(({ othersSum }) => othersSum), total(({ othersSquares }) => othersSquares));
  const spreadRatio = comparable.length < fewestItems || others === 0 ? null : own / others;
  return { ...runsTest(ratings.map(({ score }) => score)), spreadRatio };
}

/** @param centre of the logarithms of all labelers' times */
export function speedOf(ratings: readonly Pick<OwnRating, 'timeSpentMs'>[], centre: RobustCentre | null): Speed | null {
  const times = ratings.flatMap(({ timeSpentMs }) => (timeSpentMs === null ? [] : [Math.max(1, timeSpentMs)])).sort((a, b) => a - b);
  if (times.length === 0 || centre === null) return null;
  const fence = lowFence(centre);
  const middle = times.length >> 1;
  return {
    ratings: times.length,
    medianMs: times.length % 2 === 1 ? times[middle] : (times[middle - 1] + times[middle]) / 2,
    typicalMs: Math.exp(centre.median),
    fenceMs: fence === null ? null : Math.exp(fence),
    tooFast: fence === null ? 0 : times.filter((time) => Math.log(time) < fence).length,
  };
}

function shared(ratings: readonly OwnRating[]): OwnRating[] {
  return ratings.filter(({ others }) => others > 0);
}

function deviation({ score, others, othersSum }: OwnRating): number {
  return score - othersSum / others;
}

/** Standard deviation of a population. */
function spread(n: number, sum: number, squares: number): number {
  return n === 0 ? 0 : Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2));
}
