import { expect, test } from 'vitest';
import { heldRow, promotedRow } from './iterations.fixture.js';
import { oneLine, summary } from './summary.js';

test('a row for each iteration, and who judged', () => {
  const lines = summary({ loopId: 'l', judgedBy: 'simulated labelers', iterations: [promotedRow, heldRow], totalSeconds: 74 }).split('\n');
  expect(lines).toHaveLength(6);
  expect(lines[2].split(/ {2,}/)).toEqual([
    '1', 'promoted: won', '70.0% (60.0% to 80.0%)', '70.0% (60.0% to 80.0%)', '65.0%', '0.125', '42 to 30', '40.0% to 10.0%', '+20.0%', '61 s',
  ]);
  expect(lines[3].split(/ {2,}/)).toEqual([
    '2', 'held: no_pairs', 'no new version', 'not compared', 'not compared', 'not measured', 'not compared', 'not compared', 'unknown', '12 s',
  ]);
  expect(lines[5]).toMatch(/^The labelers were simulated .*Total: 74 s\.$/);
  expect(summary({ loopId: 'l', judgedBy: 'people', iterations: [heldRow], totalSeconds: 1 })).toContain('People rated and judged.');
});

test('a line for the one that has just ended', () => {
  expect(oneLine(heldRow)).toMatch(/^iteration 2 · decision held: no_pairs · .* · time 12 s$/);
});
