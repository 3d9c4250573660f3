import { expect, test } from 'vitest';
import { noneMatches } from './entity-tag.js';

test('If-None-Match: one of a list, weak or strong, or anything', () => {
  expect(noneMatches('"7"', '"7"')).toBe(true);
  expect(noneMatches('"6", W/"7"', '"7"')).toBe(true);
  expect(noneMatches('*', '"7"')).toBe(true);
  expect(noneMatches('"77"', '"7"')).toBe(false);
  expect(noneMatches('7', '"7"')).toBe(false);
  expect(noneMatches(undefined, '"7"')).toBe(false);
});
