import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inCanonicalOrder } from './preference-groups.js';

const groups = [
  {
    promptId: 'p2',
    prompt: 'b?',
    completions: ['z', 'm', 'a'],
    completionIds: ['id-z', 'id-m', 'id-a'],
    pairs: [
      { ordinal: 0, chosen: 0, rejected: 2, margin: 1 },
      { ordinal: 1, chosen: 1, rejected: 0, margin: 0 },
      { ordinal: 2, chosen: 1, rejected: 2, margin: 2 },
    ],
  },
  { promptId: 'p1', prompt: 'a?', completions: ['y', 'x'], completionIds: ['id-y', 'id-x'], pairs: [{ ordinal: 3, chosen: 0, rejected: 1, margin: 0 }] },
  { promptId: 'p3', prompt: 'a?', completions: ['x', 'w'], completionIds: ['id-x2', 'id-w'], pairs: [{ ordinal: 4, chosen: 0, rejected: 1, margin: 0 }] },
];

test('groups, completions and pairs follow the texts, and a pair keeps its completions', () => {
  expect(inCanonicalOrder(groups)).toEqual([
    { promptId: 'p3', prompt: 'a?', completions: ['w', 'x'], completionIds: ['id-w', 'id-x2'], pairs: [{ ordinal: 4, chosen: 1, rejected: 0, margin: 0 }] },
    { promptId: 'p1', prompt: 'a?', completions: ['x', 'y'], completionIds: ['id-x', 'id-y'], pairs: [{ ordinal: 3, chosen: 1, rejected: 0, margin: 0 }] },
    {
      promptId: 'p2',
      prompt: 'b?',
      completions: ['a', 'm', 'z'],
      completionIds: ['id-a', 'id-m', 'id-z'],
      pairs: [
        { ordinal: 2, chosen: 1, rejected: 0, margin: 2 },
        { ordinal: 1, chosen: 1, rejected: 2, margin: 0 },
        { ordinal: 0, chosen: 2, rejected: 0, margin: 1 },
      ],
    },
  ]);
});

test('the order in which the data came does not matter', () => {
  const shuffled = fc.tuple(
    fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
    fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
    fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
  );
  fc.assert(
    fc.property(shuffled, ([order, places, pairOrder]) => {
      const mixed = order.map((g) => {
        const group = groups[g];
        if (group.completions.length < 3) return group;
        return {
          ...group,
          completions: places.map((i) => group.completions[i]),
          completionIds: places.map((i) => group.completionIds[i]),
          pairs: pairOrder.map((p) => {
            const pair = group.pairs[p];
            return { ...pair, chosen: places.indexOf(pair.chosen), rejected: places.indexOf(pair.rejected) };
          }),
        };
      });
      expect(inCanonicalOrder(mixed)).toEqual(inCanonicalOrder(groups));
    }),
  );
});
