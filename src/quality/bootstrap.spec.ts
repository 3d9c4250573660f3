import { expect, test } from 'vitest';
import { bootstrap } from './bootstrap.js';

const share = (items: Float64Array) => [items[0] / (items[0] + items[1])];

test('the interval of a share is that of the normal approximation', async () => {
  const [interval] = await bootstrap(Float64Array.of(300, 700), share, { seed: 1, resamples: 4000 });
  const half = 1.96 * Math.sqrt((0.3 * 0.7) / 1000);
  expect(interval!.low).toBeCloseTo(0.3 - half, 2);
  expect(interval!.high).toBeCloseTo(0.3 + half, 2);
});

test('it covers the truth about as often as it says', async () => {
  let covered = 0;
  for (let i = 0; i < 200; i++) {
    const [sample] = [Float64Array.of(0, 0)];
    for (let k = 0; k < 150; k++) sample[hash(i, k) < 0.4 ? 0 : 1]++;
    const [interval] = await bootstrap(sample, share, { seed: i, resamples: 300 });
    if (interval!.low! <= 0.4 && interval!.high! >= 0.4) covered++;
  }
  expect(covered / 200).toBeGreaterThan(0.89);
  expect(covered / 200).toBeLessThan(0.99);
});

test('same seed, same interval; a figure that is undefined in many resamples has none, and one that is undefined is none', async () => {
  const items = Float64Array.of(5, 9, 2);
  const figures = (drawn: Float64Array) => [drawn[0], drawn[2] === 0 ? null : 1, null];
  const [first, rare, never] = await bootstrap(items, figures, { seed: 3 });
  expect((await bootstrap(items, figures, { seed: 3 }))[0]).toEqual(first);
  expect(rare).toEqual({ value: 1, low: null, high: null });
  expect(never).toBeNull();
});

/** A number in [0, 1) out of two whole ones. */
function hash(i: number, k: number): number {
  const x = Math.sin(i * 127.1 + k * 311.7) * 43758.5453;
  return x - Math.floor(x);
}
