import { expect, test } from 'vitest';
import { Rng } from '#src/common/rng.js';
import { toAnswers } from './dawid-skene.fixture.js';
import { dawidSkene } from './dawid-skene.js';
import { reliabilities, reliabilityPrior, weightOf } from './reliability.js';

const values = [1, 2, 3, 4, 5];

test('always right is 1, an answer that does not depend on the truth is 0, upside down is negative', () => {
  const right = Array.from({ length: 9 }, (_, cell) => (cell % 4 === 0 ? 1 : 0));
  const constant = [0, 1, 0, 0, 1, 0, 0, 1, 0];
  const upsideDown = [0, 0, 1, 0, 1, 0, 1, 0, 0];
  const found = reliabilities({ prevalence: Float64Array.of(0.3, 0.4, 0.3), errorRates: Float64Array.from([...right, ...constant, ...upsideDown]) }, [1, 2, 3]);
  expect(found[0]).toBe(1);
  expect(found[1]).toBeCloseTo(0, 12);
  expect(found[2]).toBeLessThan(-0.5);
});

test('weights grow with reliability, within bounds, in steps of 1/1024', () => {
  expect(weightOf(0.5)).toBe(1);
  expect(weightOf(-1)).toBe(weightOf(0.05));
  expect(weightOf(1)).toBe(weightOf(0.95));
  expect(weightOf(0.95)).toBeCloseTo(19, 2);
  for (const rho of [0.1, 0.31, 0.77]) expect((weightOf(rho) * 1024) % 1).toBe(0);
});

test('simulated labelers of known noise are found in their order, and weighing them comes nearer to the truth', () => {
  const rng = Rng.from('simulated labelers');
  const noise = [0.3, 0.6, 0.9, 1.4, 3];
  const truth = Array.from({ length: 800 }, () => rng.int(5));
  // Three of the five rate each item.
  const rows = truth.flatMap((level, i) =>
    rng.shuffle([0, 1, 2, 3, 4]).slice(0, 3).map((l) => {
      const answer = Math.round(level + noise[l] * rng.normal());
      return [i, l, Math.min(4, Math.max(0, answer))] as [number, number, number];
    }),
  );
  const found = reliabilities(dawidSkene(toAnswers(rows, 5), { prior: reliabilityPrior }), values) as number[];
  expect([...found].sort((a, b) => b - a)).toEqual(found);
  expect(found[0]).toBeGreaterThan(0.9);
  expect(found[4]).toBeLessThan(0.5);
  const error = (weight: (labeler: number) => number) =>
    truth.reduce((sum, level, i) => {
      const of = rows.filter(([item]) => item === i);
      const mean = of.reduce((s, [, l, k]) => s + weight(l) * k, 0) / of.reduce((s, [, l]) => s + weight(l), 0);
      return sum + (mean - level) ** 2;
    }, 0) / truth.length;
  expect(error((l) => weightOf(found[l]))).toBeLessThan(0.6 * error(() => 1));
});
