import { expect, test } from 'vitest';
import { disableAfterSeconds, judge, retryAfterSeconds } from './retry-schedule.js';

const maxAttempts = retryAfterSeconds.length + 1;

/** Attempts of one delivery to an endpoint that never answers, by a clock that runs as fast as we like. */
function life(random: () => number): { at: number[]; ended: string; disabledAt?: number } {
  const at: number[] = [];
  for (let now = 0; ; ) {
    at.push(now);
    const verdict = judge({ status: 503 }, { attempt: at.length, failingForSeconds: now }, random());
    const disabledAt = 'disable' in verdict ? now : undefined;
    if (verdict.state !== 'pending') return { at, ended: verdict.state, disabledAt };
    now += verdict.delaySeconds;
  }
}

test('ten attempts over three days, and at the last the endpoint is switched off', () => {
  const { at, ended, disabledAt } = life(() => 0.5);
  expect(at).toHaveLength(maxAttempts);
  expect(ended).toBe('failed');
  expect(at.slice(0, 4)).toEqual([0, 5, 305, 2105]);
  expect(at.at(-1)! / 86_400).toBeCloseTo(3.15, 2);
  expect(disabledAt).toBe(at.at(-1));
});

test('waits grow, and differ by a tenth at most', () => {
  expect([...retryAfterSeconds]).toEqual([...retryAfterSeconds].sort((a, b) => a - b));
  const [early, late] = [life(() => 0), life(() => 1)];
  for (let i = 1; i < maxAttempts; i++) {
    const [least, most] = [early, late].map(({ at }) => at[i] - at[i - 1]);
    expect(most / least).toBeCloseTo(1.05 / 0.95, 6);
  }
  // Whatever the waits, the last attempt is the one that switches the endpoint off.
  for (const { at, disabledAt } of [early, late]) {
    expect(disabledAt).toBe(at.at(-1));
    expect(at.at(-2)!).toBeLessThan(disableAfterSeconds);
  }
});

test.each([200, 201, 204, 299])('%i is success, whatever was before', (status) => {
  expect(judge({ status }, { attempt: 10, failingForSeconds: 1e9 })).toEqual({ state: 'delivered' });
});

test.each([null, 100, 301, 302, 307, 400, 404, 429, 500, 503])('%s is tried again', (status) => {
  const verdict = judge({ status }, { attempt: 1, failingForSeconds: 0 }, 0);
  expect(verdict).toEqual({ state: 'pending', delaySeconds: expect.closeTo(4.75, 6) });
});

test('410 ends it at once; long failing ends it between attempts', () => {
  expect(judge({ status: 410 }, { attempt: 1, failingForSeconds: 0 })).toEqual({ state: 'failed', disable: 'gone' });
  const standing = { attempt: 2, failingForSeconds: disableAfterSeconds };
  expect(judge({ status: 500 }, standing)).toMatchObject({ state: 'pending', disable: 'failing' });
  expect(judge({ status: 500 }, { ...standing, failingForSeconds: disableAfterSeconds - 1 })).not.toHaveProperty('disable');
});
