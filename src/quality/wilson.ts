/**
 * Score interval of a proportion (Wilson 1927; Agresti & Coull 1998): the p that a test at z would not reject,
 *
 *   (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)
 *
 * Holds for small n and for p of 0 and 1, where p -+ z sqrt(p (1 - p) / n) does not.
 */
import type { Interval } from './bootstrap.js';

export function wilson(successes: number, n: number, z = 1.959964): Interval | null {
  if (n === 0) return null;
  const p = successes / n;
  const centre = p + (z * z) / (2 * n);
  const half = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  const scale = 1 + (z * z) / n;
  return { low: Math.max(0, (centre - half) / scale), high: Math.min(1, (centre + half) / scale) };
}
