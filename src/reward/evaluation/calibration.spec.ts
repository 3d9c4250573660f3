import { expect, test } from 'vitest';
import { Rng } from '#src/common/rng.js';
import { calibrate, calibrationError, fitTemperature, reliability } from './calibration.js';

/** Gaps that claim more than is true by a factor: a pair with gap g is right with probability sigmoid(g / factor). */
function overconfident(count: number, factor: number) {
  const rng = Rng.from('gaps');
  const gaps = Array.from({ length: count }, () => {
    const size = Math.abs(3 * rng.normal());
    return rng.next() < 1 / (1 + Math.exp(-size / factor)) ? size : -size;
  });
  return { gaps, prompts: gaps.map((_, i) => `p${Math.floor(i / 4)}`) };
}

test('finds the temperature that the data were made with', () => {
  expect(fitTemperature(overconfident(40_000, 2.5).gaps)).toBeCloseTo(2.5, 0);
  expect(fitTemperature(overconfident(40_000, 0.5).gaps)).toBeCloseTo(0.5, 1);
});

test('no temperature nearby has a smaller loss', () => {
  const { gaps } = overconfident(400, 2);
  const best = fitTemperature(gaps);
  const loss = (t: number) => gaps.reduce((sum, gap) => sum + Math.log1p(Math.exp(-gap / t)), 0);
  expect(loss(best)).toBeLessThanOrEqual(loss(best * 1.01));
  expect(loss(best)).toBeLessThanOrEqual(loss(best / 1.01));
});

test('pairs that are all right or all wrong have the ends of what is searched', () => {
  expect(fitTemperature([1, 2, 0.5])).toBeCloseTo(0.01, 4);
  expect(fitTemperature([-1, -2])).toBeCloseTo(100, 2);
});

test('the error falls on pairs that the temperature was not fitted on', () => {
  const { gaps, prompts } = overconfident(4000, 3);
  const { errorBefore, errorAfter, temperature, bins } = calibrate(prompts, gaps);
  expect(temperature).toBeCloseTo(3, 0);
  expect(errorBefore).toBe(calibrationError(gaps));
  expect(errorBefore).toBeGreaterThan(0.1);
  expect(errorAfter!).toBeLessThan(errorBefore / 3);
  expect(bins.reduce((total, { pairs }) => total + pairs, 0)).toBe(4000);
  expect(calibrate(['only'], [1]).errorAfter).toBeNull();
});

test('reliability: a claim, and how often it was so', () => {
  const gap = 1.2; // claims 0.7685
  const bins = reliability([gap, gap, gap, -gap, 0]);
  expect(bins).toHaveLength(10);
  expect(bins[5]).toEqual({ from: 0.75, to: 0.8, pairs: 4, claimed: expect.closeTo(1 / (1 + Math.exp(-1.2)), 12), observed: 0.75 });
  expect(bins[0]).toEqual({ from: 0.5, to: 0.55, pairs: 1, claimed: 0.5, observed: 0.5 });
  expect(bins[9]).toMatchObject({ pairs: 0, claimed: null, observed: null });
  const exact = Math.log(3);
  expect(calibrationError([exact, exact, exact, -exact])).toBeCloseTo(0, 12);
  expect(calibrationError([-exact])).toBeCloseTo(0.75, 12);
});
