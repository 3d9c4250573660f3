import { expect, test } from 'vitest';
import { isStorable } from './storable.js';

test('whole characters of any plane are storable', () => {
  expect(isStorable({ a: ['é', '😀', '\n', 1, null, true], '😀': {} })).toBe(true);
});

test.each([['a\0b'], ['\ud83d'], [['ok', { deep: '\udc00' }]], [{ 'k\0': 1 }]])('%j is not storable', (value) => {
  expect(isStorable(value)).toBe(false);
});
