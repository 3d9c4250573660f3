import { expect, test } from 'vitest';
import { parseEventId, preferredWait } from './http-conditions.js';

test.each([
  ['wait=10', 10],
  ['respond-async, wait=5', 5],
  ['Wait = "3"; x=1', 3],
  ['wait=9999', 60],
  ['wait=-1', undefined],
  ['wait=soon', undefined],
  ['await=4', undefined],
  [undefined, undefined],
])('Prefer: %s', (header, seconds) => {
  expect(preferredWait(header)).toBe(seconds);
});

test('Last-Event-ID is a number or absent', () => {
  expect(parseEventId(undefined)).toBe('0');
  expect(parseEventId('41')).toBe('41');
  expect(() => parseEventId(`1' or '1`)).toThrow(/Last-Event-ID/);
});
