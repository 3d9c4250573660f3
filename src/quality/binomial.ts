/**
 * Draws from binomial and multinomial distributions, exactly, in time that does not grow with the number of trials.
 *
 * Few expected successes: inversion by geometric gaps. Otherwise BTRS, the transformed rejection of Hörmann (1993, "The
 * generation of binomial random variates", Journal of Statistical Computation and Simulation 46), for p <= 1/2. A
 * multinomial draw is a chain of binomial ones, each of what the earlier left.
 */
import type { Rng } from '#src/common/rng.js';

export function binomial(n: number, p: number, rng: Rng): number {
  if (n === 0 || p <= 0) return 0;
  if (p >= 1) return n;
  if (p > 0.5) return n - binomial(n, 1 - p, rng);
  return n * p < 10 ? byGaps(n, p, rng) : byRejection(n, p, rng);
}

/**
 * How often each kind comes when as many are drawn, with replacement, as there are.
 *
 * @param counts of each kind; whole numbers
 */
export function resample(counts: Float64Array, rng: Rng, into = new Float64Array(counts.length)): Float64Array {
  let left = counts.reduce((total, count) => total + count, 0);
  let kinds = left;
  for (let i = 0; i < counts.length; i++) {
    into[i] = counts[i] >= kinds ? left : binomial(left, counts[i] / kinds, rng);
    left -= into[i];
    kinds -= counts[i];
  }
  return into;
}

/** Jumps from success to success: the gaps between them are geometric. */
function byGaps(n: number, p: number, rng: Rng): number {
  const scale = Math.log1p(-p);
  let successes = 0;
  let trials = 0;
  for (;;) {
    trials += Math.floor(Math.log(1 - rng.next()) / scale) + 1;
    if (trials > n) return successes;
    successes++;
  }
}

function byRejection(n: number, p: number, rng: Rng): number {
  const deviation = Math.sqrt(n * p * (1 - p));
  const b = 1.15 + 2.53 * deviation;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const odds = p / (1 - p);
  const mode = Math.floor((n + 1) * p);
  const alpha = (2.83 + 5.1 / b) * deviation;
  for (;;) {
    const u = rng.next() - 0.5;
    const v = 1 - rng.next();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + n * p + 0.5);
    if (us >= 0.07 && v <= 0.92 - 4.2 / b) return k;
    if (!(k >= 0 && k <= n)) continue;
    const bound =
      (mode + 0.5) * Math.log((mode + 1) / (odds * (n - mode + 1))) +
      (n + 1) * Math.log((n - mode + 1) / (n - k + 1)) +
      (k + 0.5) * Math.log((odds * (n - k + 1)) / (k + 1)) +
      stirling(mode) + stirling(n - mode) - stirling(k) - stirling(n - k);
    if (Math.log((v * alpha) / (a / (us * us) + b)) <= bound) return k;
  }
}

/** ln k! less Stirling's ln sqrt(2 pi) + (k + 1/2) ln(k + 1) - (k + 1). */
function stirling(k: number): number {
  if (k < exact.length) return exact[k];
  const x = k + 1;
  return (1 / 12 - (1 / 360 - 1 / 1260 / (x * x)) / (x * x)) / x;
}

const exact = Array.from({ length: 10 }, (_, k) => {
  let factorial = 0;
  for (let i = 2; i <= k; i++) factorial += Math.log(i);
  return factorial - 0.5 * Math.log(2 * Math.PI) - (k + 0.5) * Math.log(k + 1) + (k + 1);
});
