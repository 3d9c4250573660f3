import { expect, test } from 'vitest';
import { Rng } from '#src/common/rng.js';
import { fitLengthBias, lengthLogit } from './length-bias.js';

const lost = (x: number) => Math.log1p(Math.exp(-x));

/** Pairs in which the longer side is preferred with probability sigmoid(strength * x). */
function pairs(count: number, strength: number) {
  const rng = Rng.from('lengths');
  return Array.from({ length: count }, () => {
    const [a, b] = [10 + rng.int(200), 10 + rng.int(200)];
    const x = Math.tanh((a - b) / 81);
    const first = rng.next() < 1 / (1 + Math.exp(-strength * x));
    return { chosen: first ? a : b, rejected: first ? b : a, weight: 1 };
  });
}

test('finds how strongly length decides', () => {
  const bias = fitLengthBias(pairs(20_000, 1.5));
  expect(bias.scale).toBeCloseTo(81, -1);
  expect(bias.coefficient).toBeCloseTo(1.5, 1);
  expect(fitLengthBias(pairs(20_000, 0)).coefficient).toBeCloseTo(0, 1);
  expect(fitLengthBias(pairs(20_000, -2)).coefficient).toBeCloseTo(-2, 0);
});

test('is the optimum: no coefficient nearby has a smaller loss', () => {
  const data = pairs(500, 1);
  const { scale, coefficient } = fitLengthBias(data);
  const loss = (g: number) =>
    data.reduce((sum, pair) => sum + lost(lengthLogit(pair, { scale, coefficient: g })), lost(g) + lost(-g));
  expect(loss(coefficient)).toBeLessThan(loss(coefficient + 0.01));
  expect(loss(coefficient)).toBeLessThan(loss(coefficient - 0.01));
});

test('counts a pair by its weight, bears full separation, and finds nothing in equal lengths', () => {
  const [longer, shorter] = [{ chosen: 9, rejected: 5 }, { chosen: 5, rejected: 9 }];
  const twice = fitLengthBias([{ ...longer, weight: 2 }, { ...shorter, weight: 1 }]);
  const three = fitLengthBias([{ ...longer, weight: 1 }, { ...longer, weight: 1 }, { ...shorter, weight: 1 }]);
  expect(twice.coefficient).toBeCloseTo(three.coefficient, 9);
  const separated = fitLengthBias(Array.from({ length: 100 }, () => ({ ...longer, weight: 1 })));
  expect(separated.coefficient).toBeGreaterThan(3);
  expect(Number.isFinite(separated.coefficient)).toBe(true);
  expect(fitLengthBias([{ chosen: 4, rejected: 4, weight: 1 }])).toEqual({ coefficient: 0, scale: 1 });
  expect(fitLengthBias([])).toEqual({ coefficient: 0, scale: 1 });
});
