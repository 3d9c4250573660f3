import { expect, test } from 'vitest';
import { chooseMicroBatch, type Machine, type StepCost } from './micro-batch.js';

const GiB = 1024 ** 3;
const laptop: Machine = { speed: 100e9, memoryBytes: 16 * GiB };

/** All weights of a model of so many parameters: six operations a token and weight, 2.5 kB of values per token and million. */
const step = (parameters: number, tokens: number): StepCost => ({
  tokens,
  floatingPointOperations: 6 * parameters * tokens,
  growingBytes: 2500 * (parameters / 1e6) * 7.5 * tokens,
  otherBytes: 20 * parameters + 0.2 * GiB,
});

test('the reward step of 16 texts of 320 tokens that took 18 s and 13 GB: runs of about two seconds and a sixth of the memory', () => {
  const large = step(135e6, 16 * 320);
  const chosen = chooseMicroBatch(large, laptop)!;
  expect(chosen).toBe(128 * 2);
  expect((large.floatingPointOperations * chosen) / large.tokens / laptop.speed).toBeLessThan(2.5);
  expect((large.growingBytes * chosen) / large.tokens).toBeLessThan(2.5 * GiB);
  // A faster machine takes more at once, until memory ends it.
  expect(chooseMicroBatch(large, { ...laptop, speed: 400e9 })).toBe(512);
  expect(chooseMicroBatch(large, { speed: 1e15, memoryBytes: 1024 * GiB })).toBeNull();
  expect(chooseMicroBatch(large, { speed: 1e15, memoryBytes: 16 * GiB })).toBe(1024);
});

test('the starter policy keeps one run per step, however slow the machine was measured', () => {
  for (const speed of [1e9, 20e9, 400e9]) expect(chooseMicroBatch(step(762_368, 16 * (8 * 64 + 60)), { speed, memoryBytes: 4 * GiB })).toBeNull();
});

test('never fewer tokens than make a product worth it, unless memory asks for fewer', () => {
  const huge = step(8e9, 4096);
  expect(chooseMicroBatch(huge, { speed: 100e9, memoryBytes: 2048 * GiB })).toBe(256);
  const small = step(1e6, 4096);
  expect(chooseMicroBatch(small, { speed: 100e9, memoryBytes: small.otherBytes + small.growingBytes / 64 })).toBeLessThan(64);
  // Where weights alone do not fit nothing helps; the plan says so.
  expect(chooseMicroBatch(small, { speed: 100e9, memoryBytes: small.otherBytes / 2 })).toBe(1);
});

test('a choice takes measurements of speed that differ a little for the same', () => {
  const large = step(135e6, 16 * 320);
  const chosen = new Set([230e9, 250e9, 270e9, 300e9].map((speed) => chooseMicroBatch(large, { speed, memoryBytes: 64 * GiB })));
  expect([...chosen]).toEqual([512]);
});
