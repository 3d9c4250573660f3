import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Downsampler } from './downsample.js';

function points(values: readonly (number | null)[], maxPoints: number, first = 1) {
  const sampler = new Downsampler(first, first + values.length - 1, maxPoints);
  values.forEach((loss, i) => sampler.add(first + i, { loss }));
  return sampler.points();
}

test('each point covers a range with its mean, least and greatest value', () => {
  expect(points([1, 2, 3, 4, 9], 2)).toEqual([
    { fromStep: 1, step: 3, steps: 3, mean: { loss: 2 }, min: { loss: 1 }, max: { loss: 3 }, notFinite: {} },
    { fromStep: 4, step: 5, steps: 2, mean: { loss: 6.5 }, min: { loss: 4 }, max: { loss: 9 }, notFinite: {} },
  ]);
});

test('what is not finite is counted and does not spoil the rest', () => {
  expect(points([1, null, Number.NaN, 3], 1)[0]).toMatchObject({ mean: { loss: 2 }, notFinite: { loss: 2 } });
  expect(points([null], 1)[0]).toMatchObject({ mean: { loss: null }, min: { loss: null }, max: { loss: null }, notFinite: { loss: 1 } });
});

test('a metric that only some steps have is averaged over these', () => {
  const sampler = new Downsampler(1, 4, 1);
  for (const step of [4, 2, 1, 3]) sampler.add(step, step % 2 === 0 ? { loss: step, eval_loss: 10 * step } : { loss: step });
  expect(sampler.points()).toEqual([
    expect.objectContaining({ fromStep: 1, step: 4, steps: 4, mean: { loss: 2.5, eval_loss: 30 }, max: { loss: 4, eval_loss: 40 } }),
  ]);
});

test('never more points than asked for, no step lost, and no extreme either', () => {
  // A mean is a sum that begins with 0, to which -0 adds nothing.
  const value = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map((x) => x + 0);
  const curve = fc.array(value, { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(curve, fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 1000 }), (values, maxPoints, first) => {
      const found = points(values, maxPoints, first);
      expect(found.length).toBeLessThanOrEqual(maxPoints);
      expect(found.reduce((total, { steps }) => total + steps, 0)).toBe(values.length);
      expect(Math.max(...found.map(({ max }) => max.loss!))).toBe(Math.max(...values));
      expect(Math.min(...found.map(({ min }) => min.loss!))).toBe(Math.min(...values));
      expect(found[0].fromStep).toBe(first);
      expect(found[found.length - 1].step).toBe(first + values.length - 1);
      if (values.length <= maxPoints) expect(found.map(({ mean }) => mean.loss)).toEqual(values);
    }),
  );
});
