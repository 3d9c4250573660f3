import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { stageProgress } from './progress.js';

let told: string[];
const isTTY = process.stdout.isTTY;

beforeEach(() => {
  told = [];
  vi.useFakeTimers();
  vi.spyOn(console, 'log').mockImplementation((line: string) => void told.push(line));
  process.stdout.isTTY = false;
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  process.stdout.isTTY = isTTY;
});

test('off a terminal a long stage says every quarter of a minute how far it is, and nothing after its end', () => {
  const progress = stageProgress('completions');
  vi.advanceTimersByTime(14_000);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(2_000);
  progress.update(1200, 4800, 'generating 1200/4800, 90 s left');
  vi.advanceTimersByTime(15_000);
  progress.end('4800 in all');
  vi.advanceTimersByTime(60_000);
  expect(told).toEqual([
    '  completions    ... working (15 s so far)',
    '  completions    ... 25% generating 1200/4800, 90 s left (30 s so far)',
    '  completions    4800 in all',
  ]);
});
