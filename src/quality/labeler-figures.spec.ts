import { expect, test } from 'vitest';
import { Rng } from '#src/common/rng.js';
import { positionBiasOf, severityOf, speedOf, straightLiningOf, type OwnRating } from './labeler-figures.js';
import { labelerFlags, type FlaggedFigures } from './labeler-flags.js';

/** A simulated labeler's ratings of items that two others, who are near the truth, rated too. */
function simulated(n: number, opinion: (truth: number, position: number, rng: Rng, i: number) => number, milliseconds = 8000): OwnRating[] {
  const rng = Rng.from('labeler');
  const clamp = (score: number) => Math.min(5, Math.max(1, Math.round(score)));
  return Array.from({ length: n }, (_, i) => {
    const truth = 1 + 4 * rng.next();
    const position = rng.int(4);
    const others = [clamp(truth + 0.5 * rng.normal()), clamp(truth + 0.5 * rng.normal())];
    return {
      score: clamp(opinion(truth, position, rng, i)),
      position,
      timeSpentMs: Math.round(milliseconds * Math.exp(0.4 * rng.normal())),
      others: 2,
      othersSum: others[0] + others[1],
      othersSquares: others[0] ** 2 + others[1] ** 2,
    };
  });
}

const centre = { median: Math.log(8000), mad: 0.27 };
const fair = (truth: number, _: number, rng: Rng) => truth + 0.5 * rng.normal();

async function figures(ratings: OwnRating[], more: Partial<FlaggedFigures> = {}): Promise<FlaggedFigures> {
  return {
    severity: await severityOf(ratings, 4),
    positionBias: positionBiasOf(ratings),
    straightLining: straightLiningOf(ratings),
    speed: speedOf(ratings, centre),
    gold: { ratings: 0, passed: 0, interval: null },
    reliability: null,
    firstShown: { judged: 0, firstPreferred: 0, expected: 0 },
    preferenceSpeed: null,
    ...more,
  };
}
const codes = async (ratings: OwnRating[], more: Partial<FlaggedFigures> = {}) => labelerFlags(await figures(ratings, more)).map(({ code }) => code);

test('a usual labeler raises no flag', async () => {
  expect(await codes(simulated(300, fair))).toEqual([]);
});

test.each<[string, OwnRating[]]>([
  ['severe', simulated(200, (truth, _, rng) => truth - 0.9 + 0.5 * rng.normal())],
  ['lenient', simulated(200, (truth, _, rng) => truth + 0.9 + 0.5 * rng.normal())],
  ['position_bias', simulated(300, (truth, position, rng) => truth + 0.6 - 0.4 * position + 0.5 * rng.normal())],
  ['little_spread', simulated(200, (truth) => 3 + (truth - 3) / 4)],
  ['long_runs', simulated(200, (truth, _, rng, i) => (i % 60 < 40 ? 3 : truth + 0.4 * rng.normal()))],
  ['too_fast', simulated(200, fair, 1200)],
])('%s is flagged', async (code, ratings) => {
  expect(await codes(ratings)).toContain(code);
});

test('failed gold and low reliability are flagged, with their reasons', async () => {
  const found = labelerFlags(
    await figures(simulated(60, fair), { gold: { ratings: 20, passed: 9, interval: { low: 0.25, high: 0.66 } }, reliability: { value: 0.21, items: 60 } }),
  );
  expect(found).toEqual([
    { code: 'gold_failures', reason: '9 of 20 gold items were rated as expected' },
    { code: 'low_reliability', reason: 'reliability 0.21 over 60 items that others rated too' },
  ]);
});

test('orders that prefer what is shown first are flagged', async () => {
  const flagged = (firstPreferred: number) => codes(simulated(60, fair), { firstShown: { judged: 100, firstPreferred, expected: 50 } });
  expect(await flagged(52)).toEqual([]);
  expect(await flagged(75)).toEqual(['position_bias']);
  expect(await flagged(22)).toEqual(['position_bias']);
});

test('severity is the mean deviation, its interval as wide as that of a mean', async () => {
  const ratings = simulated(400, (truth, _, rng) => truth - 0.5 + 0.5 * rng.normal());
  const severity = (await severityOf(ratings, 4))!;
  const deviations = ratings.map(({ score, othersSum }) => score - othersSum / 2);
  const mean = deviations.reduce((a, b) => a + b) / 400;
  const error = Math.sqrt(deviations.reduce((sum, d) => sum + (d - mean) ** 2, 0) / 400 / 400);
  expect(severity.value).toBeCloseTo(mean, 12);
  expect(severity.shareOfScale).toBeCloseTo(mean / 4, 12);
  expect(severity.high! - severity.low!).toBeCloseTo(2 * 1.96 * error, 1);
});

test('a labeler who rated alone has neither severity nor spread, but a position', async () => {
  const alone = simulated(100, fair).map((rating) => ({ ...rating, others: 0, othersSum: 0, othersSquares: 0 }));
  expect(await severityOf(alone, 4)).toBeNull();
  expect(straightLiningOf(alone).spreadRatio).toBeNull();
  expect(positionBiasOf(alone)).toMatchObject({ basis: 'score', n: 100 });
  expect(speedOf(alone, null)).toBeNull();
});

test('rankings and comparisons done too fast are flagged apart from ratings', async () => {
  const hasty = Array.from({ length: 40 }, (_, i) => ({ timeSpentMs: i < 10 ? 150 : 8000 }));
  const preferenceSpeed = speedOf(hasty, centre);
  expect(preferenceSpeed).toMatchObject({ ratings: 40, tooFast: 10 });
  const [flag, ...rest] = labelerFlags(await figures(simulated(60, fair), { preferenceSpeed }));
  expect(flag).toMatchObject({ code: 'too_fast', reason: expect.stringMatching(/^10 of 40 rankings and comparisons/) });
  expect(rest).toEqual([]);
});
