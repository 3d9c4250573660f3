import { expect, test } from 'vitest';
import { retryDelay } from './endpoint-client.js';

test('doubles, up to half a minute, half of it by chance', () => {
  expect([1, 2, 3, 9].map((attempt) => retryDelay(attempt, { random: 1 }))).toEqual([500, 1000, 2000, 30_000]);
  expect(retryDelay(2, { random: 0 })).toBe(500);
});

test('waits what the server asks for, in seconds or until a date, at most five minutes', () => {
  const now = Date.parse('Mon, 23 Nov 2026 10:00:00 GMT');
  expect(retryDelay(1, { retryAfter: '7', now })).toBe(7000);
  expect(retryDelay(1, { retryAfter: ' 0 ', now })).toBe(0);
  expect(retryDelay(1, { retryAfter: 'Mon, 23 Nov 2026 10:00:12 GMT', now })).toBe(12_000);
  expect(retryDelay(1, { retryAfter: 'Mon, 23 Nov 2026 09:00:00 GMT', now })).toBe(0);
  expect(retryDelay(1, { retryAfter: '86400', now })).toBe(300_000);
  expect(retryDelay(1, { retryAfter: 'soon', now, random: 1 })).toBe(500);
});
