/** Sums over plain numbers that several rooms report. */

export const mean = (values: ArrayLike<number>): number => sum(values) / values.length;

/** Population standard deviation. */
export function deviation(values: ArrayLike<number>): number {
  const center = mean(values);
  return Math.sqrt(mean(Array.from(values, (value) => (value - center) ** 2)));
}

/** Standard deviation with Bessel's correction, as torch.std. */
export function sampleDeviation(values: readonly number[]): number {
  const center = mean(values);
  return Math.sqrt(values.reduce((total, value) => total + (value - center) ** 2, 0) / (values.length - 1));
}

/** Sums of squares below this are rounding. */
const noVariation = 1e-16;

/** Pearson's; 0 where one side does not vary. */
export function correlation(xs: readonly number[], ys: readonly number[]): number {
  const [mx, my] = [mean(xs), mean(ys)];
  let [xy, xx, yy] = [0, 0, 0];
  xs.forEach((x, i) => {
    xy += (x - mx) * (ys[i] - my);
    xx += (x - mx) ** 2;
    yy += (ys[i] - my) ** 2;
  });
  return xx > noVariation && yy > noVariation ? xy / Math.sqrt(xx * yy) : 0;
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}
