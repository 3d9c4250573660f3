import { expect, test } from 'vitest';
import { comparisonResult, type JudgedRow } from './comparison-result.js';

const row = (n: number, change: Partial<JudgedRow>): JudgedRow => ({
  promptId: `p${n}`,
  tags: [],
  candidateIsLeft: true,
  preferences: ['left'],
  simulated: 0,
  proxyPreference: null,
  lengthDifference: 0,
  ...change,
});

test('sides are read, judgements counted, and programs among them', () => {
  const rows = [
    row(0, { preferences: ['left', 'left'], simulated: 2 }),
    row(1, { preferences: ['left'], candidateIsLeft: false }),
    row(2, { preferences: ['tie'] }),
  ];
  expect(comparisonResult(rows, 1)).toMatchObject({
    winRate: 0.5, n: 3, wins: 1, losses: 1, ties: 1, judgements: 4, simulatedJudgements: 2, byTag: [], proxy: null,
  });
});

test('a prompt counts in each of its tags; the untagged have a line when others are tagged', () => {
  const rows = [
    row(0, { tags: ['long', 'math'] }),
    row(1, { tags: ['math'], preferences: ['right'] }),
    row(2, { preferences: ['tie'] }),
  ];
  const table = comparisonResult(rows, 1).byTag;
  expect(table.map(({ tag, n, winRate }) => [tag, n, winRate])).toEqual([
    ['math', 2, 0.5],
    [null, 1, 0.5],
    ['long', 1, 1],
  ]);
  expect(table[0]).toMatchObject({ low: 0, high: 1 });
});

test('drift is what the proxy claims beyond people, with an interval of the paired differences', () => {
  const rows = Array.from({ length: 100 }, (_, i) =>
    row(i, { preferences: [i % 2 === 0 ? 'left' : 'right'], proxyPreference: i % 4 === 1 ? 'left' : i % 2 === 0 ? 'left' : 'right' }),
  );
  const { winRate, proxy } = comparisonResult(rows, 1);
  expect(winRate).toBe(0.5);
  expect(proxy).toMatchObject({ winRate: 0.75, agreement: 0.75 });
  expect(proxy!.drift.value).toBeCloseTo(0.25, 12);
  expect(proxy!.drift.low).toBeGreaterThan(0.1);
  expect(proxy!.drift.high).toBeLessThan(0.4);
});
