import { expect, test } from 'vitest';
import { heldRow, promotedRow } from './iterations.fixture.js';
import { paragraph, summary } from './summary.js';

test('a paragraph for each iteration within a terminal, and who judged', () => {
  const text = summary({ loopId: 'l', judgedBy: 'simulated labelers', iterations: [promotedRow, heldRow], totalSeconds: 74 });
  const lines = text.split('\n');
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
  expect(lines.slice(0, 8)).toEqual([
    'iteration 1: promoted, won (61 s)',
    '  win rate over the first version 70.0% (60.0% to 80.0%), at equal length 65.0%',
    '  over the version before 70.0% (60.0% to 80.0%)',
    '  KL to the version before 0.125 nats per token at the last step of training',
    '  training verdict warning: growth of the KL: 0.0400. Raise beta.',
    '  answers had 42 characters, now 30',
    '  invented facts in 40.0% of answers, now 10.0%',
    '  win rate by the reward model 20.0% above that by the judges (drift)',
  ]);
  expect(text.replaceAll('\n', ' ')).toMatch(/The labelers were simulated .*Total: 74 s\.$/);
  expect(summary({ loopId: 'l', judgedBy: 'people', iterations: [heldRow], totalSeconds: 1 })).toContain('People rated and judged.');
});

test('one that made no version says so', () => {
  expect(paragraph(heldRow)).toBe('iteration 2: held, no_pairs (12 s)\n  no new version to compare with the first\n');
});
