import { expect, test } from 'vitest';
import { candidateScore, preferenceFor } from './comparison.entity.js';

test('a preference is read from the side on which the candidate was shown', () => {
  expect([true, false].map((left) => candidateScore('left', left))).toEqual([1, 0]);
  expect([true, false].map((left) => candidateScore('right', left))).toEqual([0, 1]);
  expect(candidateScore('tie', true)).toBe(0.5);
});

test('scores become a preference and back', () => {
  for (const left of [true, false]) {
    expect(candidateScore(preferenceFor(1, 2, left), left)).toBe(1);
    expect(candidateScore(preferenceFor(2, 1, left), left)).toBe(0);
    expect(preferenceFor(3, 3, left)).toBe('tie');
  }
});
