import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Poller, type PollerSettings } from './poller.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

let poller: Poller;
const said: string[] = [];
function started(look: PollerSettings['look'], settings: Partial<PollerSettings> = {}): Poller {
  said.length = 0;
  poller = new Poller({ everyMs: 100, look, failed: (error) => said.push(error.message), recovered: () => said.push('recovered'), ...settings });
  poller.start();
  return poller;
}
afterEach(() => poller.stop());

test('looks at once, every so often, when it is told of work, and again at once where more is likely', async () => {
  let more = 2;
  const look = vi.fn(() => Promise.resolve(more-- > 0));
  started(look);
  await vi.advanceTimersByTimeAsync(0);
  expect(look).toHaveBeenCalledTimes(3);
  await vi.advanceTimersByTimeAsync(100);
  expect(look).toHaveBeenCalledTimes(4);
  poller.kick();
  await vi.advanceTimersByTimeAsync(0);
  expect(look).toHaveBeenCalledTimes(5);
});

test('one look at a time; work that came during one is looked for after it', async () => {
  let free!: () => void;
  const look = vi.fn(() => new Promise<boolean>((resolve) => (free = () => resolve(false))));
  started(look);
  poller.kick();
  await vi.advanceTimersByTimeAsync(350);
  expect(look).toHaveBeenCalledTimes(1);
  free();
  await vi.advanceTimersByTimeAsync(0);
  expect(look).toHaveBeenCalledTimes(2);
  free();
});

test('failures in a row are told of once and make longer pauses; so is that it works again', async () => {
  const failAt: number[] = [];
  const from = Date.now();
  let well = false;
  started(() => {
    if (well) return Promise.resolve(false);
    failAt.push(Date.now() - from);
    return Promise.reject(new Error('away'));
  });
  await vi.advanceTimersByTimeAsync(60_000);
  const pauses = failAt.slice(1).map((at, i) => at - failAt[i]);
  expect(pauses.slice(0, 4)).toEqual([100, 200, 400, 800]);
  expect(Math.max(...pauses)).toBe(5000);
  expect(said).toEqual(['away']);
  well = true;
  await vi.advanceTimersByTimeAsync(5000);
  expect(said).toEqual(['away', 'recovered']);
});

test('stopping awaits the look that is on, cuts pauses short, and no other begins', async () => {
  let free!: () => void;
  const look = vi.fn(() => new Promise<boolean>((resolve) => (free = () => resolve(true))));
  started(look, { restMs: 1_000_000 });
  await vi.advanceTimersByTimeAsync(0);
  const stopped = vi.fn();
  const stopping = poller.stop().then(stopped);
  await vi.advanceTimersByTimeAsync(1000);
  expect(stopped).not.toHaveBeenCalled();
  free();
  await stopping;
  poller.kick();
  await vi.advanceTimersByTimeAsync(1000);
  expect(look).toHaveBeenCalledTimes(1);
});
