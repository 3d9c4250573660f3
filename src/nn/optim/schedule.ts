/** Learning rate over the optimizer steps of a run. */
export interface Schedule {
  readonly kind: 'constant' | 'linear' | 'cosine';
  /** The rate after the warm-up. */
  readonly peak: number;
  /** Steps of linear warm-up; 0 when left out. */
  readonly warmupSteps?: number;
  /** Steps of the run, warm-up included; needed by linear and cosine. */
  readonly totalSteps?: number;
  /** Final value of linear and cosine; default 0. */
  readonly floor?: number;
}

/**
 * The rate of a step, counted from 0. The warm-up starts above zero (step 0 of n has peak / n),
 * so that no step is wasted; past `totalSteps` the rate stays at the floor.
 */
export function learningRate(schedule: Schedule, step: number): number {
  const { kind, peak, warmupSteps = 0, totalSteps, floor = 0 } = schedule;
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  if (kind === 'constant') return peak;
  if (totalSteps === undefined) throw new RangeError(`a ${kind} schedule needs totalSteps`);
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  const left = kind === 'linear' ? 1 - progress : (1 + Math.cos(Math.PI * progress)) / 2;
  return floor + (peak - floor) * left;
}
