import fc from 'fast-check';
import { expect, test } from 'vitest';
import { marginHistogram, splitDiagnostics, type SplitSums } from './pair-diagnostics.js';

const sums: SplitSums = {
  split: 'train',
  pairs: 12,
  ties: 2,
  prompts: 3,
  longestPoints: 7.5,
  firstPoints: 5,
  majorityPairs: 4,
  majorityPoints: 3,
  comparisons: 8,
  agreements: 6,
  positioned: 5,
  firstPreferred: 4,
};

test('rules are judged on untied pairs, majority and agreement on those that several labelers ordered', () => {
  expect(splitDiagnostics('train', [sums])).toEqual({
    pairs: 12,
    ties: 2,
    prompts: 3,
    nulls: {
      longest: { accuracy: 0.75, pairs: 10 },
      shortest: { accuracy: 0.25, pairs: 10 },
      first: { accuracy: 0.5, pairs: 10 },
      majority: { accuracy: 0.75, pairs: 4 },
    },
    labelerAgreement: { share: 0.75, comparisons: 8 },
    positionBias: { firstPreferred: 0.8, orderings: 5 },
  });
});

test('a split without pairs has no accuracies', () => {
  const { pairs, nulls, labelerAgreement } = splitDiagnostics('eval', [sums]);
  expect([pairs, nulls.longest.accuracy, labelerAgreement.share]).toEqual([0, null, null]);
});

test('a histogram loses no pair and its buckets follow one another', () => {
  const counts = fc.uniqueArray(fc.record({ margin: fc.integer({ min: 1, max: 999 }).map((n) => n / 8), pairs: fc.integer({ min: 1, max: 50 }) }), {
    selector: ({ margin }) => margin,
    maxLength: 60,
  });
  fc.assert(
    fc.property(counts, (given) => {
      const buckets = marginHistogram(given);
      const total = (items: { pairs: number }[]) => items.reduce((sum, { pairs }) => sum + pairs, 0);
      expect(total(buckets)).toBe(total(given));
      expect(buckets.length).toBeLessThanOrEqual(20);
      for (const [i, bucket] of buckets.entries()) expect(bucket.from >= (buckets[i - 1]?.to ?? 0)).toBe(true);
    }),
  );
});
