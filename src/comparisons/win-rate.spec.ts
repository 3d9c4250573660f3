import { expect, test } from 'vitest';
import { winRate, type JudgedItem } from './comparison-result.js';

const items = (wins: number, ties: number, losses: number): JudgedItem[] =>
  [...Array<number>(wins).fill(1), ...Array<number>(ties).fill(0.5), ...Array<number>(losses).fill(0)].map(
    (score, i) => ({
      promptId: `p${i}`,
      scores: [score],
    }),
  );

test('ties count half', () => {
  expect(winRate(items(5, 2, 3), { seed: 1 })).toMatchObject({
    winRate: 0.6,
    n: 10,
    wins: 5,
    losses: 3,
    ties: 2,
  });
});

test('judgements of one item are averaged, unjudged items are left out', () => {
  const result = winRate(
    [
      { promptId: 'a', scores: [1, 1, 0] },
      { promptId: 'b', scores: [0, 1] },
      { promptId: 'c', scores: [] },
    ],
    { seed: 1 },
  );
  expect(result).toMatchObject({ n: 2, wins: 1, losses: 0, ties: 1 });
  expect(result.winRate).toBeCloseTo((2 / 3 + 1 / 2) / 2, 12);
});

test('the interval is close to the normal approximation', () => {
  const { low, high } = winRate(items(120, 0, 80), { seed: 'interval' });
  const half = 1.96 * Math.sqrt((0.6 * 0.4) / 200);
  expect(low).toBeCloseTo(0.6 - half, 1);
  expect(high).toBeCloseTo(0.6 + half, 1);
  expect(Math.abs(high! - low! - 2 * half)).toBeLessThan(0.015);
});

test('prompts are resampled, so repeating an item of the same prompt does not narrow the interval', () => {
  const once = items(30, 0, 20);
  const thrice = once.flatMap((item) => [item, item, item]);
  const width = (list: JudgedItem[]) => {
    const { low, high } = winRate(list, { seed: 7 });
    return high! - low!;
  };
  expect(width(thrice)).toBeCloseTo(width(once), 12);
});

test('same seed, same interval; all won is a point; nothing judged is null', () => {
  expect(winRate(items(9, 1, 5), { seed: 3 })).toEqual(winRate(items(9, 1, 5), { seed: 3 }));
  expect(winRate(items(4, 0, 0), { seed: 3 })).toMatchObject({ winRate: 1, low: 1, high: 1 });
  expect(winRate([], { seed: 3 })).toEqual({
    winRate: null,
    low: null,
    high: null,
    n: 0,
    wins: 0,
    losses: 0,
    ties: 0,
  });
});
