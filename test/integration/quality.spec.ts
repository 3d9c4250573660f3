// Agreement and labeler quality over HTTP: the database's counting against the literature's figures, and who sees what.
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#src/common/id.js';
import { Rng } from '#src/common/rng.js';
import { givenRatings, type GivenRating } from '../factories/judgements.js';
import { givenVendor, type GivenVendor } from '../factories/labeling.js';
import { givenCriterionVersion, givenLabeler, givenPrompt } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';

let t: TestApp;
let completions: string[];
let labelers: string[];
let acme: GivenVendor;

beforeAll(async () => {
  t = await createTestApp();
  completions = (await givenPrompt(t, 'rate me', Array.from({ length: 60 }, (_, i) => ({ text: `answer ${i}` })))).completionIds;
  labelers = [];
  for (const name of ['A', 'B', 'C', 'D']) labelers.push(await givenLabeler(t, name));
  acme = await givenVendor(t, 'acme', ['a-1', 'a-2']);
});
afterAll(() => t.close());

type Key = { Authorization: string };
const get = (path: string, key: Key = t.admin) => request(t.http).get(`/v1${path}`).set(key);
const post = (path: string, body: object, key: Key = t.admin) => request(t.http).post(`/v1${path}`).set(key).send(body);
const versionPath = async (id: string) => {
  const { criterionId, number } = (await get(`/criterion-versions/${id}`).expect(200)).body;
  return `/criteria/${criterionId}/versions/${number}`;
};

// Krippendorff 2011, section E.
const paper = ['1 2 3 3 2 1 4 1 2 . . .', '1 2 3 3 2 2 4 1 2 5 . 3', '. 3 3 3 2 3 4 2 2 5 1 .', '1 2 3 3 2 4 4 1 2 5 1 .'];
const paperRatings = (by: string[] = labelers): GivenRating[] =>
  paper.flatMap((row, l) =>
    row.split(' ').flatMap((score, i) => (score === '.' ? [] : [{ completionId: completions[i], labelerId: by[l], score: Number(score) }])),
  );

describe('agreement', () => {
  test('of a criterion version has the figures of Krippendorff 2011, whatever was corrected or rated twice', async () => {
    const version = await givenCriterionVersion(t);
    const [first] = await givenRatings(t, version, [
      { ...paperRatings()[0], score: 5 },
      // Rated before, by the same labeler: only the latest counts.
      { completionId: completions[3], labelerId: labelers[1], score: 1 },
    ]);
    await givenRatings(t, version, [{ ...paperRatings()[0], supersedesId: first }, ...paperRatings().slice(1)]);
    const { body } = await get(`${await versionPath(version)}/agreement`).expect(200);
    expect(body).toMatchObject({ criterionVersionId: version, ratings: 41, items: 12, labelers: 4, preferences: null });
    const [overall] = body.dimensions;
    expect(overall).toMatchObject({ dimension: null, items: 11, ratings: 40, labelerPairsInAll: 6, resamples: 1000 });
    expect(overall.alpha.nominal.value).toBeCloseTo(0.743, 3);
    expect(overall.alpha.ordinal.value).toBeCloseTo(0.815, 3);
    expect(overall.alpha.interval.value).toBeCloseTo(0.849, 3);
    for (const { value, low, high } of [...Object.values<{ value: number; low: number; high: number }>(overall.alpha), overall.rawAgreement]) {
      expect(low).toBeLessThan(value);
      expect(high).toBeGreaterThan(value);
    }
    expect(overall.levels.map(({ ratings }: { ratings: number }) => ratings)).toEqual([9, 13, 10, 5, 3]);
    expect(overall.levels[4]).toMatchObject({ value: 5, agreement: 1, confusedWith: null });
    expect(overall.levels[0]).toMatchObject({ value: 1, confusedWith: 2 });
    // B and D share ten units and differ on one of them, 2 against 4.
    const of = (a: number, b: number) =>
      overall.labelerPairs.find(({ labelerIds }: { labelerIds: string[] }) => [labelers[a], labelers[b]].every((id) => labelerIds.includes(id)));
    expect(of(1, 3)).toMatchObject({ items: 10, rawAgreement: { value: 0.9 } });
    expect(of(1, 3).quadraticKappa.value).toBeLessThan(of(1, 3).quadraticKappa.high);
    // The same once more is the same to the last digit: intervals are seeded.
    expect((await get(`${await versionPath(version)}/agreement`)).body).toEqual(body);
  });

  test('is told per dimension, the overall score at the nearest level', async () => {
    const { body: criterion } = await post('/criteria', { name: newId() }).expect(201);
    const scale = [1, 2, 3, 4, 5].map((value) => ({ value, label: `${value}` }));
    const dimensions = [{ name: 'honesty', weight: 1 }, { name: 'wit', weight: 1 }];
    const { body: version } = await post(`/criteria/${criterion.id}/versions`, { instructions: 'a', scale, dimensions, publish: true }).expect(201);
    const ratings = paperRatings().map((rating, i) => ({ ...rating, score: (rating.score + (i % 5) + 1) / 2, dimensionScores: { honesty: rating.score, wit: (i % 5) + 1 } }));
    await givenRatings(t, version.id, ratings);
    const { body } = await get(`/criteria/${criterion.id}/versions/1/agreement`).expect(200);
    const [overall, honesty, wit] = body.dimensions;
    expect([overall.dimension, honesty.dimension, wit.dimension]).toEqual([null, 'honesty', 'wit']);
    expect(honesty.alpha.ordinal.value).toBeCloseTo(0.815, 3);
    expect(wit.alpha.ordinal.value).toBeLessThan(0.4);
    expect(overall.alpha.ordinal.value).toBeGreaterThan(wit.alpha.ordinal.value);
    expect(overall.alpha.ordinal.value).toBeLessThan(honesty.alpha.ordinal.value);
  });

  test('of a batch is of its answers alone; orders agree by pair of completions; a vendor sees its own labelers', async () => {
    const version = await givenCriterionVersion(t);
    const body = { name: 'compare', mode: 'rank', criterionVersionId: version, completionIds: completions.slice(0, 4), overlap: 4, vendorIds: [acme.id] };
    const batch = (await post('/labeling-batches', body).expect(201)).body;
    const submit = async (labelerId: string, order: (ids: string[]) => string[][], key: Key) => {
      const { tasks } = (await post(`/labeling-batches/${batch.id}/tasks/claim`, { labelerId }, key).expect(200)).body;
      const ids = tasks[0].completions.map(({ id }: { id: string }) => id).sort();
      await post(`/tasks/${tasks[0].id}/submit`, { ranking: order(ids) }, key).expect(200);
    };
    const up = (ids: string[]) => ids.map((id) => [id]);
    await submit(acme.labelers[0], up, acme.key);
    await submit(acme.labelers[1], up, acme.key);
    await submit(labelers[0], up, t.admin);
    await submit(labelers[1], (ids) => up([...ids].reverse()), t.admin);
    const { body: all } = await get(`/labeling-batches/${batch.id}/agreement`).expect(200);
    // Six pairs of completions; three orders one way, one the other.
    expect(all).toMatchObject({ ratings: 24, items: 6, labelers: 4 });
    expect(all.dimensions[0].levels.map(({ value }: { value: number }) => value)).toEqual([-1, 0, 1]);
    expect(all.dimensions[0].rawAgreement.value).toBeCloseTo(0.5, 12);
    const { body: own } = await get(`/labeling-batches/${batch.id}/agreement`, acme.key).expect(200);
    expect(own).toMatchObject({ ratings: 12, labelers: 2, dimensions: [{ labelerPairsInAll: 1, rawAgreement: { value: 1 } }] });
    const foreign = await givenVendor(t, 'foreign', ['f-1']);
    expect((await get(`/labeling-batches/${batch.id}/agreement`, foreign.key).expect(404)).body.code).toBe('labeling_batch_not_found');
    const path = await versionPath(version);
    expect((await get(`${path}/agreement`, foreign.key).expect(404)).body.code).toBe('criterion_not_found');
    // Of the version: scores, of which there are none, and beside them the orders, however they came.
    const { body: ofAcme } = await get(`${path}/agreement`, acme.key).expect(200);
    expect(ofAcme).toMatchObject({ ratings: 0, labelers: 0, dimensions: [{ alpha: { ordinal: null } }] });
    expect(ofAcme.preferences).toEqual(own);
    expect((await get(`${path}/agreement`).expect(200)).body.preferences).toEqual(all);
    const comparison = { criterionVersionId: version, labelerId: labelers[2], completionIds: completions.slice(0, 2), preferredCompletionId: null };
    await post('/preference-judgements', comparison).expect(201);
    const { preferences } = (await get(`${path}/agreement`).expect(200)).body;
    expect(preferences).toMatchObject({ ratings: 25, items: 6, labelers: 5 });
    expect(preferences.dimensions[0].levels[1]).toMatchObject({ value: 0, ratings: 1, agreement: 0 });
  });

  test('of what is not there is a 404', async () => {
    expect((await get(`/labeling-batches/${newId()}/agreement`).expect(404)).body.code).toBe('labeling_batch_not_found');
    const version = await givenCriterionVersion(t);
    const { criterionId } = (await get(`/criterion-versions/${version}`)).body;
    expect((await get(`/criteria/${criterionId}/versions/9/agreement`).expect(404)).body.code).toBe('criterion_version_not_found');
  });
});

describe('labeler quality', () => {
  test('tells simulated labelers of known faults apart, with reasons', async () => {
    const version = await givenCriterionVersion(t);
    const rng = Rng.from('simulated');
    const clamp = (score: number) => Math.min(5, Math.max(1, Math.round(score)));
    const truth = completions.map(() => 1 + 4 * rng.next());
    const careless = await givenLabeler(t, 'careless');
    const opinions: [string, (truth: number, i: number) => Partial<GivenRating> & { score: number }][] = [
      [labelers[0], (true_) => ({ score: clamp(true_ + 0.3 * rng.normal()), timeSpentMs: 8000 + rng.int(4000), position: rng.int(4) })],
      [labelers[1], (true_) => ({ score: clamp(true_ + 0.3 * rng.normal()), timeSpentMs: 9000 + rng.int(4000), position: rng.int(4) })],
      [labelers[2], (true_) => ({ score: clamp(true_ - 1.2 + 0.3 * rng.normal()), timeSpentMs: 8000 + rng.int(4000), position: rng.int(4) })],
      [careless, (_, i) => ({ score: i < 40 ? 3 : 1 + rng.int(5), timeSpentMs: 300, position: rng.int(4) })],
    ];
    const ratings = opinions.flatMap(([labelerId, opinion]) => completions.map((completionId, i) => ({ completionId, labelerId, ...opinion(truth[i], i) })));
    await givenRatings(t, version, ratings);
    const quality = async (id: string) => (await get(`/labelers/${id}/quality`).expect(200)).body;
    const codes = ({ flags }: { flags: { code: string }[] }) => flags.map(({ code }) => code);

    const careful = await quality(labelers[0]);
    expect(careful).toMatchObject({ criterionVersionId: version, ratings: 60, sharedItems: 60, simulated: false, flags: [], gold: { ratings: 0, accuracy: null } });
    expect(careful.reliability.value).toBeGreaterThan(0.75);
    expect(careful.severity.low).toBeLessThan(careful.severity.value);

    const severe = await quality(labelers[2]);
    expect(codes(severe)).toContain('severe');
    expect(severe.severity.value).toBeLessThan(-0.5);
    expect(severe.severity.shareOfScale).toBeCloseTo(severe.severity.value / 4, 12);

    const faults = await quality(careless);
    expect(codes(faults)).toEqual(expect.arrayContaining(['long_runs', 'too_fast', 'low_reliability']));
    expect(faults.speed).toMatchObject({ ratings: 60, medianMs: 300, tooFast: 60 });
    expect(faults.straightLining.longestRun).toBeGreaterThanOrEqual(40);
    expect(faults.reliability.weight).toBeLessThan(careful.reliability.weight / 10);
    expect(faults.flags[0].reason).toMatch(/\d/);
  });

  test('of who only ranks and compares: how often the first shown came first, and how fast', async () => {
    const version = await givenCriterionVersion(t);
    const [hasty, calm] = acme.labelers;
    const body = { name: 'orders', mode: 'compare', criterionVersionId: version, completionIds: completions, pairsPerPrompt: 45, overlap: 2, vendorIds: [acme.id] };
    const batch = (await post('/labeling-batches', body).expect(201)).body;
    // One takes what is shown first without reading; the other goes by the texts.
    const answers = {
      [hasty]: ([first]: string[]) => ({ preferredCompletionId: first, timeSpentMs: 200 }),
      [calm]: (shown: string[]) => ({ preferredCompletionId: [...shown].sort()[0], timeSpentMs: 9000 + 40 * completions.indexOf(shown[0]) }),
    };
    for (const [labelerId, answer] of Object.entries(answers)) {
      const { tasks } = (await post(`/labeling-batches/${batch.id}/tasks/claim`, { labelerId, k: 100 }, acme.key).expect(200)).body;
      expect(tasks).toHaveLength(45);
      for (const task of tasks) {
        const { preferredCompletionId, timeSpentMs } = answer(task.completions.map(({ id }: { id: string }) => id));
        await post(`/tasks/${task.id}/submit`, { comparison: { preferredCompletionId }, timeSpentMs }, acme.key).expect(200);
      }
    }
    const quality = async (id: string) => (await get(`/labelers/${id}/quality`, acme.key).expect(200)).body;
    const fast = await quality(hasty);
    expect(fast).toMatchObject({ criterionVersionId: version, ratings: 0, preferences: 45, speed: null, reliability: null, severity: null });
    expect(fast.firstShown).toMatchObject({ judged: 45, firstPreferred: 45, expected: 22.5 });
    expect(fast.firstShown.interval.low).toBeGreaterThan(0.9);
    // Per completion: half of the time of a comparison of two.
    expect(fast.preferenceSpeed).toMatchObject({ ratings: 45, medianMs: 100 });
    expect(fast.flags.map(({ code }: { code: string }) => code)).toContain('position_bias');
    const usual = await quality(calm);
    expect(usual.firstShown.firstPreferred).toBeGreaterThan(8);
    expect(usual.firstShown.firstPreferred).toBeLessThan(37);
  });

  test('first shown counts orders with one best whose order is known and that stand, each by its own chance', async () => {
    const version = await givenCriterionVersion(t);
    const [a, b, c, d] = completions;
    const rank = (ranking: string[][], shownOrder?: string[]) =>
      post('/rankings', { criterionVersionId: version, labelerId: labelers[3], ranking, shownOrder }).expect(201);
    await rank([[a], [b], [c], [d]], [a, b, c, d]);
    await rank([[b], [a], [c]], [a, b, c]);
    // Tied for the first place; shown in an order that nobody knows; corrected afterwards.
    await rank([[a, b], [c]], [a, b, c]);
    await rank([[a], [b]]);
    const { body: corrected } = await rank([[a], [b]], [a, b]);
    await post(`/preferences/${corrected.id}/supersede`, { ranking: [[b], [a]] }).expect(201);
    const { body } = await get(`/labelers/${labelers[3]}/quality?criterionVersionId=${version}`).expect(200);
    expect(body).toMatchObject({ preferences: 5, preferenceSpeed: null, firstShown: { judged: 3, firstPreferred: 1 } });
    expect(body.firstShown.expected).toBeCloseTo(1 / 4 + 1 / 3 + 1 / 2, 12);
  });

  test('is of a vendor’s own labelers, under the version asked for', async () => {
    const version = await givenCriterionVersion(t);
    await givenRatings(t, version, completions.slice(0, 6).map((completionId, i) => ({ completionId, labelerId: acme.labelers[0], vendorId: acme.id, score: 1 + (i % 3) })));
    const { body } = await get(`/labelers/${acme.labelers[0]}/quality?criterionVersionId=${version}`, acme.key).expect(200);
    expect(body).toMatchObject({ ratings: 6, sharedItems: 0, severity: null, reliability: null, speed: null, positionBias: null });
    for (const other of [await givenCriterionVersion(t), newId()]) {
      expect((await get(`/labelers/${acme.labelers[0]}/quality?criterionVersionId=${other}`, acme.key).expect(404)).body.code).toBe('criterion_version_not_found');
    }
    expect((await get(`/labelers/${labelers[0]}/quality`, acme.key).expect(404)).body.code).toBe('labeler_not_found');
    const fresh = await givenLabeler(t, 'never rated');
    expect((await get(`/labelers/${fresh}/quality`).expect(404)).body.code).toBe('labeler_without_ratings');
    expect((await get(`/labelers/${fresh}/quality?criterionVersionId=${newId()}`).expect(404)).body.code).toBe('criterion_version_not_found');
  });
});
