import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Pulse } from './pulse.js';

/** As another thread sees it. */
const seen = (pulse: Pulse) => new Pulse(pulse.memory);
const block = (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

test('a pulse that never beat is silent, one that beat lives for a while', () => {
  const pulse = new Pulse();
  expect(seen(pulse).lives(60_000)).toBe(false);
  pulse.beat();
  expect(seen(pulse).lives(60_000)).toBe(true);
  block(20);
  expect(seen(pulse).lives(10)).toBe(false);
});

test('a computation lives without beats, and its end is a beat', async () => {
  const pulse = new Pulse();
  pulse.computing(() => {
    block(20);
    expect(seen(pulse).lives(10)).toBe(true);
  });
  expect(seen(pulse).lives(60_000)).toBe(true);
  block(20);
  expect(seen(pulse).lives(10)).toBe(false);
  const running = pulse.computing(() => sleep(30));
  block(20);
  expect(seen(pulse).lives(10)).toBe(true);
  await running;
  await sleep(20);
  expect(seen(pulse).lives(10)).toBe(false);
});

test('computations within one another, and those that fail, are counted right', async () => {
  const pulse = new Pulse();
  expect(() => pulse.computing(() => pulse.computing(() => { throw new Error('no'); }))).toThrow('no');
  await expect(pulse.computing(() => Promise.reject(new Error('never')))).rejects.toThrow('never');
  block(20);
  expect(seen(pulse).lives(10)).toBe(false);
});
