/**
 * Robust outliers: the modified z-score (Iglewicz & Hoaglin 1993, "How to Detect and Handle Outliers"):
 *
 *   M = 0.6745 (x - median) / MAD,   MAD = median |x - median|;   an outlier beyond 3.5
 *
 * Taken of the logarithm of times, whose distribution is skewed. 0.6745 makes it a usual z-score for normal data.
 */
const outlierBeyond = 3.5;

export interface RobustCentre {
  median: number;
  mad: number;
}

/** Values below this are low outliers: their M is below -3.5. Null where more than half of the values are the same. */
export function lowFence({ median, mad }: RobustCentre): number | null {
  return mad === 0 ? null : median - (outlierBeyond * mad) / 0.6745;
}
