import { expect, test } from 'vitest';
import { comparisonFigure, type ComparisonOutcome } from './comparison.js';
import { brokenPromises, tagRates, worstTag, type QuickstartReport } from './report.js';
import { verdictLine } from './stages.js';
import { summary } from './summary.js';

const rate = (winRate: number, half = 0.04) => ({ winRate, low: winRate - half, high: winRate + half, n: 320 });
const tags = [
  { tag: 'answerable', ...rate(0.66) },
  { tag: 'food', ...rate(0.45, 0.1) },
  { tag: 'unanswerable', ...rate(0.55) },
];
const kept: QuickstartReport = {
  stages: [{ name: 'prompts', count: 1, seconds: 1, url: 'http://x/' }],
  rewardModel: { accuracy: 0.77, nulls: { longest: 0.34, shortest: 0.66, first: 0.5, majority: 1 }, evalPairs: 800 },
  training: { method: 'grpo', rewardBefore: 0, rewardAfter: 1, kl: 0.1, steps: 60, plannedSteps: 60, stopped: null, verdict: { status: 'healthy', objections: [] } },
  comparison: { ...rate(0.6), lengthControlled: rate(0.58), byTag: tags, worstTag: worstTag(tags) },
  inventedFacts: { before: 0.3, after: 0.1 },
  totalSeconds: 100,
};
const broken = (comparison: Partial<QuickstartReport['comparison']>) => brokenPromises({ ...kept, comparison: { ...kept.comparison, ...comparison } });

test('a tag that is low by chance breaks no promise; ground that was lost does, and so does a win by length alone', () => {
  expect(brokenPromises(kept)).toEqual([]);
  expect(broken({ byTag: [...tags, { tag: 'pet', ...rate(0.37) }] })).toEqual([
    "the new policy must lose ground on no tag, it wins 0.37 on 'pet', its interval ends at 0.41",
  ]);
  expect(broken({ lengthControlled: { winRate: 0.538, low: 0.49, high: 0.584 } })).toEqual([
    'the lower end of the length-controlled win rate must be above 0.5, got 0.49',
  ]);
  expect(broken({ low: 0.5 })).toHaveLength(1);
});

test('the worst tag is one that lost beyond chance before one that is merely low; prompts without a tag are none', () => {
  expect(worstTag(tags)!.tag).toBe('food');
  expect(worstTag([...tags, { tag: 'pet', ...rate(0.457) }])!.tag).toBe('pet');
  expect(worstTag(tagRates([{ tag: null, ...rate(0.1) }]))).toBeNull();
});

test('the figure of a comparison says at equal length, and where ground was lost', () => {
  const byTag = [{ tag: 'unanswerable', ...rate(0.366), wins: 1, losses: 2, ties: 0 }];
  const outcome = { result: { ...rate(0.589), lengthControlled: rate(0.538), byTag }, inventedFacts: { before: 0.347, after: 0.219 }, length: { before: 42, after: 24.4 } };
  expect(comparisonFigure(outcome as unknown as ComparisonOutcome).split('\n')).toEqual([
    'win rate of the new policy 58.9% (54.9% to 62.9%)',
    'at equal length 53.8% (49.8% to 57.8%); answers had 42 characters, now 24',
    'worst tag: unanswerable 36.6% (32.6% to 40.6%) of 320: LOST GROUND HERE',
    'invented facts in 34.7% of answers before, 21.9% after',
  ]);
});

test('a verdict that is not healthy says why and what to do on the same line', () => {
  const finding = { check: 'kl_size', status: 'warning' as const, value: 0.6, threshold: 0.5, message: 'KL 0.6', advice: 'Raise beta.' };
  expect(verdictLine({ status: 'warning', findings: [finding] })).toBe('verdict warning: KL 0.6. Raise beta.');
  expect(verdictLine({ status: 'healthy', findings: [{ ...finding, status: 'healthy', advice: null }] })).toBe('verdict healthy');
});

test('the summary fits 100 columns, with links on lines of their own', () => {
  const id = '01a22344-3105-74e8-a16c-ab5780f8cafc';
  const row = { name: 'training', count: 24, seconds: 191.2, figure: `24 of 60 steps\n${'verdict warning: a long reason and what to do. '.repeat(4)}`, url: `http://127.0.0.1:3000/v1/training-runs/${id}` };
  const lines = summary({ baseUrl: 'http://127.0.0.1:3000', rows: [row] }, kept).split('\n');
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
  expect(lines).toContain(`  training       /v1/training-runs/${id}`);
  expect(lines.at(-1)).toBe('Total: 100 s, installation included.');
});
