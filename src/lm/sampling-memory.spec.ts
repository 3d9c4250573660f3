import { expect, test } from 'vitest';
import { cacheBytes, frozenCopyBytes } from './sampling-memory.js';
import { tinyConfig } from './tiny-model.fixture.js';

const mebibyte = 1024 ** 2;
const planned = { completions: 12, maxRows: 128, promptTokens: 5, maxNewTokens: 7 };

test('keys and values of all rows at their full length, in the sizes that are built', () => {
  // 2 (keys, values) x 2 layers x 2 heads x 8, and one for the mask; 16 rows of 64 positions; 4 bytes.
  expect(cacheBytes(tinyConfig, planned)).toBe((2 * 2 * 2 * 8 + 1) * 16 * 64 * 4);
  expect(cacheBytes(tinyConfig, { ...planned, completions: 1000 })).toBe(65 * 128 * 64 * 4);
  expect(cacheBytes(tinyConfig, { ...planned, promptTokens: 58 })).toBe(65 * 16 * 128 * 4);
});

test('frozen weights are copied for each size, within the limit of the sessions', () => {
  // Batches of 16, 8, 4, 2 and 1 rows.
  expect(frozenCopyBytes(mebibyte, planned)).toBe(5 * mebibyte);
  // And caches of 64 and 128 positions.
  expect(frozenCopyBytes(mebibyte, { ...planned, promptTokens: 58 })).toBe(10 * mebibyte);
  // A batch of a larger model keeps its size; 512 MiB of copies at most, but always one.
  expect(frozenCopyBytes(100 * mebibyte, { ...planned, promptTokens: 58 })).toBe(400 * mebibyte);
  expect(frozenCopyBytes(200 * mebibyte, { ...planned, promptTokens: 58 })).toBe(400 * mebibyte);
  expect(frozenCopyBytes(600 * mebibyte, planned)).toBe(600 * mebibyte);
  // What no model file can hold is fed, not copied.
  expect(frozenCopyBytes(2000 * mebibyte, planned)).toBe(0);
});
