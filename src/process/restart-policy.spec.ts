import { expect, test } from 'vitest';
import { endingOf, Restarts } from './restart-policy.js';

const policy = { fastMs: 20_000, failures: 5, firstDelayMs: 1000, longestDelayMs: 5000 };

test('delays double while a process fails fast, and it is given up in the end', () => {
  const restarts = new Restarts(policy);
  expect([1, 2, 3, 4, 5].map(() => restarts.afterDeath(100))).toEqual([1000, 2000, 4000, 5000, undefined]);
});

test('a process that lived for a while starts again at once, however often', () => {
  const restarts = new Restarts(policy);
  for (let i = 0; i < 3; i++) restarts.afterDeath(100);
  for (let i = 0; i < 20; i++) expect(restarts.afterDeath(60_000)).toBe(1000);
  expect(restarts.afterDeath(100)).toBe(1000);
  expect(restarts.afterDeath(100)).toBe(2000);
});

test('endings in words', () => {
  expect(endingOf(null, 'SIGKILL')).toContain('memory');
  expect(endingOf(null, 'SIGSEGV')).toBe('was ended by SIGSEGV');
  expect(endingOf(3, null)).toBe('ended with exit code 3');
});
