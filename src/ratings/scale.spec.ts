import fc from 'fast-check';
import { expect, test } from 'vitest';
import { offScaleMessage, onScale, unorderedLevel } from './scale.js';

const scale = (values: number[]) => values.map((value) => ({ value, label: `level ${value}` }));

test('names the first level that does not rise', () => {
  expect(unorderedLevel(scale([1, 2, 3]))).toBeNull();
  expect(unorderedLevel(scale([1, 1, 0]))).toBe(1);
  expect(unorderedLevel(scale([-2, 0.5, 0.25]))).toBe(2);
});

test('a sorted set of numbers is a scale, and the same numbers repeated are not', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer(), { minLength: 2, maxLength: 21 }), (values) => {
      const sorted = [...values].sort((a, b) => a - b);
      expect(unorderedLevel(scale(sorted))).toBeNull();
      expect(unorderedLevel(scale([...sorted, sorted[sorted.length - 1]]))).toBe(sorted.length);
    }),
  );
});

test('a score between two levels is off the scale, and the message names the levels', () => {
  expect(onScale(scale([1, 2]), 2)).toBe(true);
  expect(onScale(scale([1, 2]), 1.5)).toBe(false);
  expect(offScaleMessage(scale([1, 2]))).toBe('score must be one of the values of the scale: 1, 2');
});
