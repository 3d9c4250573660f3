import { expect, test } from 'vitest';
import { Rng } from '#src/common/rng.js';
import { fitLogistic, lengthControlledWinRate, type LengthItem } from './length-controlled.js';

const itemsOf = (scores: number[], differences: number[]): LengthItem[] =>
  scores.map((score, i) => ({ promptId: `p${i}`, score, lengthDifference: differences[i] }));
const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

test('the known answer (tools/oracles/length_controlled.py)', () => {
  const items = itemsOf([1, 1, 0, 1, 0.5, 0, 1, 1 / 3, 0, 1], [40, 12, -30, 55, 3, -8, 20, -15, 25, -5]);
  const result = lengthControlledWinRate(items, { seed: 1 })!;
  expect(result.winRate).toBeCloseTo(0.5177464020865176, 8);
  expect(result.lengthEffect).toBeCloseTo(1.6446784303883684, 7);
  expect(result.meanLengthDifference).toBeCloseTo(9.7, 12);
  expect(result.low).toBeLessThan(result.winRate);
  expect(result.high).toBeGreaterThan(result.winRate);
});

test('two lengths and no penalty: the mean of the two logits', () => {
  // 3 of 4 won where the candidate was longer, 1 of 2 where it was shorter.
  const rows = [1, 1, 1, 0].map((y) => ({ y, x: 0.8 })).concat([1, 0].map((y) => ({ y, x: -0.8 })));
  const { theta, phi } = fitLogistic(rows, rows.map(() => 1), 0);
  expect(theta).toBeCloseTo(Math.log(3) / 2, 9);
  expect(phi).toBeCloseTo(Math.log(3) / 2 / 0.8, 9);
});

test('a judge that only likes length: half after control, however long the candidate writes', () => {
  const rng = Rng.from('length only');
  const differences = Array.from({ length: 2000 }, () => 30 + 40 * rng.normal());
  const center = differences.reduce((sum, d) => sum + d, 0) / differences.length;
  const spread = Math.sqrt(differences.reduce((sum, d) => sum + (d - center) ** 2, 0) / differences.length);
  const scores: number[] = differences.map((d) => (rng.next() < sigmoid(2 * Math.tanh(d / spread)) ? 1 : 0));
  const raw = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const result = lengthControlledWinRate(itemsOf(scores, differences), { seed: 1, resamples: 100 })!;
  expect(raw).toBeGreaterThan(0.65);
  expect(result.winRate).toBeCloseTo(0.5, 1);
  expect([result.low < 0.5, result.high > 0.5]).toEqual([true, true]);
  expect(result.lengthEffect).toBeGreaterThan(1.7);
});

test('equal lengths leave the win rate as it is; the other way round is the rest of one', () => {
  const scores = [1, 1, 1, 0, 0.5];
  expect(lengthControlledWinRate(itemsOf(scores, [4, 4, 4, 4, 4]), { seed: 1 })!.winRate).toBeCloseTo(0.7, 9);
  const differences = [9, -2, 14, -20, 5];
  const there = lengthControlledWinRate(itemsOf(scores, differences), { seed: 1 })!;
  const back = lengthControlledWinRate(
    itemsOf(
      scores.map((score) => 1 - score),
      differences.map((d) => -d),
    ),
    { seed: 1 },
  )!;
  expect(back.winRate).toBeCloseTo(1 - there.winRate, 9);
  expect(back.lengthEffect).toBeCloseTo(there.lengthEffect, 7);
});

test('answers that length separates perfectly, all won, and none at all', () => {
  const separated = lengthControlledWinRate(itemsOf([1, 1, 0, 0], [10, 12, -9, -11]), { seed: 1 })!;
  expect(separated.winRate).toBeCloseTo(0.5, 1);
  expect(Number.isFinite(separated.lengthEffect)).toBe(true);
  expect(lengthControlledWinRate(itemsOf([1, 1], [1, 2]), { seed: 1 })).toMatchObject({ winRate: 1, low: 1, high: 1, lengthEffect: 0 });
  expect(lengthControlledWinRate([], { seed: 1 })).toBeNull();
});

test('answers of one prompt are drawn together: saying an item thrice does not narrow the interval', () => {
  const once = itemsOf([1, 1, 0, 1, 0.5, 0, 1, 0], [40, 12, -30, 55, 3, -8, 20, -15]);
  const thrice = once.flatMap((item) => [item, item, item]);
  const width = (items: LengthItem[]) => {
    const { low, high } = lengthControlledWinRate(items, { seed: 3 })!;
    return high - low;
  };
  expect(width(thrice)).toBeGreaterThan(0.95 * width(once));
});
