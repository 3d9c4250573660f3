import { expect, test } from 'vitest';
import { ceilingOf, evaluationSlices, nullsOf, type JudgedPair } from './evaluation-slices.js';

let ordinal = 0;
const pair = (promptId: string, gap: number, lengths: [number, number], rest: Partial<JudgedPair['facts']> = {}): JudgedPair => ({
  promptId,
  chosenReward: gap,
  rejectedReward: 0,
  facts: {
    ordinal: ordinal++, tags: [], chosenLength: lengths[0], rejectedLength: lengths[1],
    first: 0.5, majority: null, comparisons: 0, agreements: 0, ...rest,
  },
});

const pairs = [
  pair('a', 1, [100, 10], { tags: ['code', 'long'], first: 1, majority: 1, comparisons: 3, agreements: 3 }),
  pair('a', -1, [10, 100], { tags: ['code', 'long'], first: 0, majority: 0, comparisons: 1, agreements: 0 }),
  pair('b', 2, [1000, 1001], { tags: ['chat'] }),
  pair('b', 2, [1001, 1001], { tags: ['chat'] }),
  pair('c', -2, [5, 1], { tags: ['chat'] }),
  pair('c', 0, [5, 4]),
];

test('nulls and ceiling of hand-counted pairs', () => {
  expect(nullsOf(pairs)).toEqual({ longest: 3.5 / 6, shortest: expect.closeTo(2.5 / 6, 12), first: 3 / 6, majority: 0.5 });
  expect(nullsOf(pairs.slice(2))).toMatchObject({ majority: null });
  expect(ceilingOf(pairs)).toBe(3 / 4);
  expect(ceilingOf(pairs.slice(2))).toBeNull();
});

test('parts by tag, by length and by which is preferred', () => {
  const slices = evaluationSlices(pairs, 1);
  const found = (by: string, value: string) => slices.find((slice) => slice.by === by && slice.value === value);
  expect(found('tag', 'chat')).toMatchObject({ pairs: 3, prompts: 2, accuracy: { value: 2 / 3 } });
  expect(found('tag', 'code')).toMatchObject({ pairs: 2, prompts: 1, accuracy: { value: 0.5 }, preferenceCeiling: 3 / 4 });
  expect(['short', 'medium', 'long'].map((value) => found('length', value)!.pairs)).toEqual([2, 2, 2]);
  expect(found('length', 'long')).toMatchObject({ accuracy: { value: 1 }, prompts: 1 });
  expect(found('preferred', 'longer')).toMatchObject({ pairs: 3, nulls: { longest: 1, shortest: 0 } });
  expect(found('preferred', 'shorter')).toMatchObject({ pairs: 1, accuracy: { value: 0 } });
  expect(found('preferred', 'similar')).toMatchObject({ pairs: 2, accuracy: { value: 1 } });
  expect(slices.filter(({ by }) => by === 'tag').map(({ value }) => value)).toEqual(['chat', 'code', 'long']);
  for (const { accuracy } of slices) expect(accuracy.low).toBeLessThanOrEqual(accuracy.value);
});
