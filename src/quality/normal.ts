/** The standard normal distribution: tail probability by the fitted erfc of Press et al. (Numerical Recipes, 6.2). */

/** P(|Z| >= |z|); fractional error below 1.2e-7 everywhere. */
export function twoSided(z: number): number {
  return erfc(Math.abs(z) / Math.SQRT2);
}

function erfc(x: number): number {
  const t = 1 / (1 + 0.5 * x);
  let polynomial = 0;
  for (const coefficient of coefficients) polynomial = polynomial * t + coefficient;
  return t * Math.exp(-x * x + polynomial);
}

/** Highest power first. */
const coefficients = [
  0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223,
];
