import { expect, test } from 'vitest';
import { ProgressMeter } from './job-attempt.js';

function meter() {
  const clock = { now: 0 };
  return { clock, meter: new ProgressMeter(() => clock.now) };
}

test('seconds left at the pace so far', () => {
  const { clock, meter: m } = meter();
  expect(m.eta(0, 10)).toBeNull();
  clock.now = 4000;
  expect(m.eta(2, 10)).toBe(16);
  clock.now = 20_000;
  expect(m.eta(10, 10)).toBe(0);
});

test('a resumed job is timed from where it resumed', () => {
  const { clock, meter: m } = meter();
  expect(m.eta(50, 100)).toBeNull();
  clock.now = 1000;
  expect(m.eta(60, 100)).toBe(4);
});

test('unknown totals and steps backwards give no estimate', () => {
  const { clock, meter: m } = meter();
  m.eta(5, null);
  clock.now = 1000;
  expect(m.eta(6, null)).toBeNull();
  expect(m.eta(1, 10)).toBeNull();
});
