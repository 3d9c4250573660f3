import { expect, test } from 'vitest';
import { etagOf, noneMatches, parseEventId, preferredWait } from './http-conditions.js';

test('If-None-Match: one of a list, weak or strong, or anything', () => {
  const etag = etagOf({ version: 7 });
  expect(noneMatches('"7"', etag)).toBe(true);
  expect(noneMatches('"6", W/"7"', etag)).toBe(true);
  expect(noneMatches('*', etag)).toBe(true);
  expect(noneMatches('"77"', etag)).toBe(false);
  expect(noneMatches('7', etag)).toBe(false);
  expect(noneMatches(undefined, etag)).toBe(false);
});

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
