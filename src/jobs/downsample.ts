/**
 * Downsamples a long curve: each point covers a range of steps and has mean, minimum and maximum of every metric. Chosen over LTTB, which
 * keeps selected single steps: a spike that shows where a run went wrong must not vanish, and between spikes the mean of a noisy metric is
 * more informative than single values.
 */
export interface CurvePoint {
  /** The last step that the point covers. */
  step: number;
  fromStep: number;
  /** Steps in it; fewer than the range where some were not recorded. */
  steps: number;
  /** Of the finite values; null: there were none. */
  mean: Record<string, number | null>;
  min: Record<string, number | null>;
  max: Record<string, number | null>;
  /** Number of non-finite values by metric; metrics without any are omitted. */
  notFinite: Record<string, number>;
}

interface Tally {
  sum: number;
  count: number;
  min: number;
  max: number;
  notFinite: number;
}

interface Bucket {
  fromStep: number;
  step: number;
  steps: number;
  tallies: Map<string, Tally>;
}

/** Takes any number of steps in any order, and holds no more than its points. */
export class Downsampler {
  private readonly width: number;
  private readonly buckets = new Map<number, Bucket>();

  /** @param first, last steps of the curve, both included */
  constructor(
    private readonly first: number,
    last: number,
    maxPoints: number,
  ) {
    this.width = Math.max(1, Math.ceil((last - first + 1) / maxPoints));
  }

  add(step: number, values: Readonly<Record<string, number | null>>): void {
    const index = Math.floor((step - this.first) / this.width);
    const bucket = this.buckets.get(index) ?? { fromStep: step, step, steps: 0, tallies: new Map<string, Tally>() };
    this.buckets.set(index, bucket);
    bucket.steps++;
    bucket.fromStep = Math.min(bucket.fromStep, step);
    bucket.step = Math.max(bucket.step, step);
    for (const [name, value] of Object.entries(values)) count(bucket.tallies, name, value);
  }

  /** By step. */
  points(): CurvePoint[] {
    return [...this.buckets.entries()].sort(([a], [b]) => a - b).map(([, bucket]) => pointOf(bucket));
  }
}

function count(tallies: Map<string, Tally>, name: string, value: number | null): void {
  const tally = tallies.get(name) ?? { sum: 0, count: 0, min: Infinity, max: -Infinity, notFinite: 0 };
  tallies.set(name, tally);
  if (value === null || !Number.isFinite(value)) {
    tally.notFinite++;
    return;
  }
  tally.sum += value;
  tally.count++;
  tally.min = Math.min(tally.min, value);
  tally.max = Math.max(tally.max, value);
}

function pointOf({ step, fromStep, steps, tallies }: Bucket): CurvePoint {
  const each = (of: (tally: Tally) => number): Record<string, number | null> =>
    Object.fromEntries([...tallies].map(([name, tally]) => [name, tally.count === 0 ? null : of(tally)]));
  return {
    step,
    fromStep,
    steps,
    mean: each(({ sum, count: n }) => sum / n),
    min: each(({ min }) => min),
    max: each(({ max }) => max),
    notFinite: Object.fromEntries([...tallies].flatMap(([name, { notFinite }]) => (notFinite > 0 ? [[name, notFinite]] : []))),
  };
}
