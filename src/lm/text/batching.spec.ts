import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchesByTokens, padRight } from './batching.js';

describe('batching', () => {
  it('pads on the right to a bucket, and up to a batch', () => {
    const { ids, time, lengths } = padRight([[1, 2, 3], [4]], { padId: 9, multiple: 4, batch: 3 });
    expect(time).toBe(4);
    expect([...ids].map(Number)).toEqual([1, 2, 3, 9, 4, 9, 9, 9, 9, 9, 9, 9]);
    expect(lengths).toEqual([3, 1, 1]);
    expect(() => padRight([[1, 2, 3]], { time: 2 })).toThrow(RangeError);
  });

  it('puts every sequence into one batch that it fits, within the budget', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 300 })),
        fc.integer({ min: 1, max: 2000 }),
        (lengths, budget) => {
          const batches = batchesByTokens(lengths, budget);
          expect(batches.flatMap(({ indices }) => indices).sort((a, b) => a - b)).toEqual(
            lengths.map((_, i) => i),
          );
          for (const { time, indices } of batches) {
            expect(indices.every((i) => lengths[i] <= time && time - lengths[i] <= 16)).toBe(true);
            expect(indices.length === 1 || indices.length * time <= budget).toBe(true);
          }
        },
      ),
    );
  });
});
