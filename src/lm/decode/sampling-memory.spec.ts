import { expect, test } from 'vitest';
import { cacheBytes, frozenCopyBytes, heldBytes } from './sampling-memory.js';
import { tinyConfig } from '../model/tiny-model.fixture.js';

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
  // Very large ones are fed, not copied; in few bits they are copied whatever their size.
  expect(frozenCopyBytes(2000 * mebibyte, planned)).toBe(0);
  expect(frozenCopyBytes(2000 * mebibyte, planned, 'int8')).toBe(2000 * mebibyte);
});

test('weights as sessions hold them: linear maps of whole blocks in few bits with their scales, the rest in full', () => {
  // q, k, v and o of two layers are 16 wide, less than a block, and so is the MLP's input; its output map reads 32.
  const config = { ...tinyConfig, intermediateSize: 32 };
  const [all, down] = [heldBytes(config, 'f32'), 2 * 16 * 32];
  expect(all - heldBytes(config, 'int8')).toBe(down * (4 - 1) - (down / 32) * 4 - attention(8));
  expect(heldBytes(config, 'int8') - heldBytes(config, 'int4')).toBe(down / 2 + attention(4));
});

/** o of two layers reads 4 heads of 8. */
function attention(bits: 4 | 8): number {
  const o = 2 * 16 * 32;
  return bits === 8 ? -(o * 3 - (o / 32) * 4) : o / 2;
}
