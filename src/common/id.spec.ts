import { expect, test } from 'vitest';
import { newId, newIds } from './id.js';

test('many ids are UUIDv7, all different, in their order, of now', () => {
  const before = newId();
  const ids = newIds(5000);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(ids).size).toBe(5000);
  expect([...ids].sort()).toEqual(ids);
  expect(ids[0].slice(0, 10) >= before.slice(0, 10)).toBe(true);
  expect(new Set(ids.map((id) => id.slice(-8))).size).toBeGreaterThan(4990);
  expect(newIds(0)).toEqual([]);
});
