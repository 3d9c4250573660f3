import { expect, test } from 'vitest';
import { SaveClock } from './save-clock.js';

test('a save is due when the interval has passed since the last one ended', async () => {
  let now = 0;
  const clock = new SaveClock(1000, () => now);
  now = 999;
  expect(clock.due()).toBe(false);
  now = 1000;
  expect(clock.due()).toBe(true);
  await clock.measure(() => Promise.resolve(void (now = 1010)));
  now = 2009;
  expect(clock.due()).toBe(false);
  now = 2010;
  expect(clock.due()).toBe(true);
});

test('slow saves come less often; those of every step always', async () => {
  let now = 0;
  const slow = () => Promise.resolve(void (now += 200));
  const clock = new SaveClock(1000, () => now);
  await clock.measure(slow);
  now += 3799;
  expect(clock.due()).toBe(false);
  now += 1;
  expect(clock.due()).toBe(true);
  const eager = new SaveClock(0, () => now);
  await eager.measure(slow);
  expect(eager.due()).toBe(true);
});
