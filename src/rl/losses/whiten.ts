/**
 * Whitening: values shifted to mean 0 and scaled to deviation 1 over all tokens of a step (Huang et al. 2024,
 * arXiv:2403.17031, detail 10), `(x - mean) / sqrt(var + 1e-8)` with Bessel's correction, as TRL's `masked_whiten`.
 * It makes the size of a step independent of the scale of the rewards.
 */
const epsilon = 1e-8;

/** @param keepMean scale only, as for rewards: their mean is what they say */
export function whiten(values: readonly ArrayLike<number>[], keepMean = false): Float64Array[] {
  const all = values.flatMap((of) => Array.from(of));
  const mean = all.reduce((total, value) => total + value, 0) / all.length;
  const variance = all.reduce((total, value) => total + (value - mean) ** 2, 0) / Math.max(1, all.length - 1);
  const scale = 1 / Math.sqrt(variance + epsilon);
  return values.map((of) => Float64Array.from(of, (value) => (value - mean) * scale + (keepMean ? mean : 0)));
}
