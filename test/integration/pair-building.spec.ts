// The SQL that builds pairs against the plain TypeScript of pair-rules.fixture.ts, over random ratings and rules.
import fc from 'fast-check';
import type { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { textKey } from '#src/common/text.js';
import { newId } from '#src/common/id.js';
import { Rng } from '#src/common/rng.js';
import { PairsWorkerModule } from '#src/pairs/pairs-worker.module.js';
import { PairBuilder } from '#src/pairs/pair-builder.js';
import { PairReader } from '#src/pairs/pair-reader.js';
import { buildPairs, type LabelerWeighing, type PairFact, type PreferenceFact, type RatingFact } from '#src/pairs/pair-rules.fixture.js';
import { scoreAggregations, type PairSetConfig } from '#src/pairs/pair-set-config.js';
import { PairSetsRepository } from '#src/pairs/pair-sets.repository.js';
import { connect } from '../factories/ratings.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startNode, type Node } from './jobs-fixture.js';

let database: TestDatabase;
let worker: Node;
let sql: Client;
const labelers = [newId(), newId(), newId(), newId()].sort();

beforeAll(async () => {
  database = await createTestDatabase();
  worker = await startNode({ DATABASE_URL: database.url }, ['pair-building'], [PairsWorkerModule]);
  sql = await connect(database.url);
  for (const id of labelers) await sql.query('INSERT INTO labelers (id, external_id) VALUES ($1::uuid, $1::uuid::text)', [id]);
});
afterAll(async () => {
  await sql.end();
  await worker.close();
  await database.drop();
});

const scale = [1, 2, 3, 4, 5].map((n) => ({ value: n / 2, label: `${n / 2}` }));
const score = fc.integer({ min: 1, max: 5 }).map((n) => n / 2);
/** Prompts, each with completions, each with ratings: who, how much, and whether it was corrected afterwards. */
const ratings = fc.array(fc.record({ labeler: fc.nat(2), score, corrected: fc.option(score, { freq: 2 }) }), { minLength: 1, maxLength: 4, size: 'max' });
const prompts = fc.array(fc.array(ratings, { minLength: 2, maxLength: 6, size: 'max' }), { minLength: 1, maxLength: 4, size: 'max' });
/** Rankings of the completions of a prompt: labeler, a rank for each of some completions, another after a correction. */
const ranks = fc.array(fc.option(fc.nat(2), { freq: 3 }), { minLength: 6, maxLength: 6 });
const rankings = fc.array(fc.record({ labeler: fc.nat(2), ranks, corrected: fc.option(ranks, { freq: 3 }) }), { maxLength: 3 });
const config: fc.Arbitrary<PairSetConfig> = fc
  .record({
    promptSetId: fc.constant(null),
    completionBatchId: fc.constant(null),
    includePilots: fc.constant(false),
    includeGold: fc.constant(false),
    labelerIds: fc.option(fc.subarray(labelers.slice(0, 3), { minLength: 1 })),
    strategy: fc.constantFrom('all' as const, 'sample' as const),
    pairsPerPrompt: fc.integer({ min: 1, max: 6 }),
    seed: fc.nat(),
    aggregation: fc.constantFrom(...scoreAggregations),
    weighed: fc.boolean(),
    ties: fc.constantFrom('drop' as const, 'keep' as const),
    minimumMargin: fc.constantFrom(0, 0.5, 1, 1 / 3),
    minimumRatings: fc.constantFrom(1, 1, 2, 3),
    evalFraction: fc.constantFrom(0, 0.2, 0.5, 0.9),
  })
  .map(({ weighed, ...given }) => ({
    ...given,
    ...(weighed && { pairWeights: 'reliability' as const }),
    pairsPerPrompt: given.strategy === 'sample' ? given.pairsPerPrompt : null,
  }));

const plainRules: PairSetConfig = {
  promptSetId: null,
  completionBatchId: null,
  includePilots: false,
  includeGold: false,
  labelerIds: null,
  strategy: 'all',
  pairsPerPrompt: null,
  seed: 1,
  aggregation: 'mean',
  ties: 'drop',
  minimumMargin: 0,
  minimumRatings: 1,
  evalFraction: 0,
};

test('SQL and reference make the same pairs, in the same order, of the same ratings', { timeout: 120_000 }, async () => {
  let pairsSeen = 0;
  let decidedSeen = 0;
  await fc.assert(
    fc.asyncProperty(prompts, config, fc.array(rankings, { minLength: 4, maxLength: 4 }), async (given, rules, ranked) => {
      const { versionId, facts } = await insertRatings(given);
      const preferences = await insertPreferences(versionId, facts, ranked);
      const built = await build(versionId, rules);
      // Without a set there are no weights for the reference to work with.
      if (built.failure && (rules.aggregation === 'reliability-weighted' || rules.pairWeights)) {
        expect(['no_pairs', 'no_shared_ratings']).toContain(built.failure);
        return;
      }
      const expected = buildPairs(facts, rules, built.weights, preferences);
      decidedSeen += expected.pairs.filter(({ chosenScore }) => preferences.length > 0 && chosenScore > 0.5 && chosenScore <= 1).length;
      pairsSeen += expected.pairs.length;
      if (expected.pairs.length === 0) {
        expect(built.failure).toBe('no_pairs');
        return;
      }
      expect(built.pairs).toEqual(expected.pairs);
      expect(built.ratingIds).toEqual([...expected.ratingIds].sort());
      expect(built.preferenceIds).toEqual([...expected.preferenceIds].sort());
      const again = await build(versionId, rules);
      expect(again.contentHash).toBe(built.contentHash);
      expect((await build(versionId, { ...rules, minimumMargin: 0.125, seed: rules.seed + 1 })).contentHash).not.toBe(built.contentHash);
    }),
    { numRuns: 30 },
  );
  expect(pairsSeen).toBeGreaterThan(10);
  expect(decidedSeen).toBeGreaterThan(3);
});

test('votes weigh as their labelers are reliable, and pairs as those behind them are', async () => {
  const { versionId, promptId, completionIds } = await insertVotes();
  const [careful, , careless, reckless] = labelers;
  const plain = await build(versionId, plainRules);
  const weighted = await build(versionId, { ...plainRules, aggregation: 'reliability-weighted', pairWeights: 'reliability' });
  const weights = weighted.weights!.votes;
  expect(weights.get(careful)!).toBeGreaterThan(5 * weights.get(careless)!);
  const [first, second] = completionIds;
  const pair = ({ pairs }: Built) => (pairs as PairFact[]).find((found) => found.promptId === promptId)!;
  // Two labelers who vote at random against a careful one.
  expect(pair(plain)).toMatchObject({ chosenCompletionId: second, rejectedCompletionId: first, chosenScore: 2 / 3, weight: null });
  const all = weights.get(careful)! + weights.get(careless)! + weights.get(reckless)!;
  expect(pair(weighted)).toMatchObject({ chosenCompletionId: first, rejectedCompletionId: second, weight: all / (1 + all) });
  expect(pair(weighted).chosenScore).toBe(weights.get(careful)! / all);
  expect(plain.weights!.votes.size).toBe(0);
  expect((await build(versionId, { ...plainRules, aggregation: 'reliability-weighted' })).contentHash).not.toBe(weighted.contentHash);
});

test('votes on gold pairs say nothing about weights, unless the set includes gold', async () => {
  const { versionId, promptIds, facts } = await insertVotes();
  const before = (await build(versionId, { ...plainRules, aggregation: 'reliability-weighted' })).weights!.votes;
  const tenOfThem = promptIds.filter((_, i) => i < 40 && i % 4 === 0).map((id) => facts.filter(({ promptId }) => promptId === id));
  await insert(
    'gold_items',
    tenOfThem.map(([better, worse]) => ({
      id: newId(),
      completion_id: better.completionId,
      worse_completion_id: worse.completionId,
      criterion_version_id: versionId,
      expected: '[]',
      explanation: '',
    })),
  );
  const included = (await build(versionId, { ...plainRules, aggregation: 'reliability-weighted', includeGold: true })).weights!.votes;
  expect(included).toEqual(before);
  expect((await build(versionId, { ...plainRules, aggregation: 'reliability-weighted' })).weights!.votes).not.toEqual(before);
});

/** 40 pairs that two labelers order alike and two at random; and one more, on which a careful one is against both of these. */
async function insertVotes(): Promise<{ versionId: string; promptIds: string[]; facts: RatingFact[]; promptId: string; completionIds: string[] }> {
  const rng = Rng.from('votes');
  const rating = [{ labeler: 0, score: 1, corrected: null }];
  const { versionId, facts } = await insertRatings(Array.from({ length: 41 }, () => [rating, rating]));
  const order = (labeler: number, up: boolean): GivenRanking => ({ labeler, ranks: up ? [0, 1] : [1, 0], corrected: null });
  const agreed = Array.from({ length: 40 }, (_, i) => [order(0, i % 2 === 0), order(1, i % 2 === 0), order(2, rng.int(2) === 0), order(3, rng.int(2) === 0)]);
  await insertPreferences(versionId, facts, [...agreed, [order(0, true), order(2, false), order(3, false)]]);
  const promptIds = [...new Set(facts.map(({ promptId }) => promptId))];
  const promptId = promptIds[40];
  return { versionId, promptIds, facts, promptId, completionIds: facts.filter((fact) => fact.promptId === promptId).map(({ completionId }) => completionId) };
}

test('a built set is left alone, whatever is rated afterwards', async () => {
  const rating = { labeler: 0, score: 1, corrected: null };
  const { versionId, promptId } = await insertRatings([[[rating], [{ ...rating, score: 2 }]]]);
  const built = await build(versionId, plainRules);
  await insertRatings([[[{ ...rating, score: 2.5 }]]], versionId, promptId);
  await sql.query('UPDATE pair_sets SET built_at = now() WHERE id = $1', [built.id]);
  await worker.get(PairBuilder).build(built.id!);
  expect((await read(built.id!)).pairs).toEqual(built.pairs);
  // Not yet declared built, the same set takes in what is new.
  await sql.query('UPDATE pair_sets SET built_at = NULL WHERE id = $1', [built.id]);
  await worker.get(PairBuilder).build(built.id!);
  expect((await read(built.id!)).pairs).toHaveLength(3);
});

test('"neither is better" is a tie where ties are kept, and says nothing against the scores where they are dropped', async () => {
  const rated = (score: number) => [{ labeler: 0, score, corrected: null }];
  const { versionId, facts } = await insertRatings([[rated(1), rated(2), rated(2)]]);
  await insertPreferences(versionId, facts, [[{ labeler: 1, ranks: [0, 0, null], corrected: null }]]);
  const outcome = ({ pairs }: Built) =>
    (pairs as { tie: boolean; chosenScore: number; rejectedScore: number }[]).map(({ tie, chosenScore, rejectedScore }) => [tie, chosenScore, rejectedScore]).sort();
  const kept = await build(versionId, { ...plainRules, ties: 'keep' });
  expect(outcome(kept)).toEqual([[false, 2, 1], [true, 0.5, 0.5], [true, 2, 2]]);
  const { rows } = await sql.query('SELECT diagnostics FROM pair_sets WHERE id = $1', [kept.id]);
  expect(rows[0].diagnostics).toMatchObject({ tiesFound: 2, decidedByPreference: 1 });
  expect(outcome(await build(versionId, plainRules))).toEqual([[false, 2, 1], [false, 2, 1]]);
});

interface Built {
  /** Code of the failure; the rest is then absent. */
  failure?: string;
  id?: string;
  contentHash?: string | null;
  pairs?: unknown[];
  ratingIds?: string[];
  preferenceIds?: string[];
  weights?: LabelerWeighing;
}

async function build(versionId: string, rules: PairSetConfig): Promise<Built> {
  const id = newId();
  await sql.query('INSERT INTO pair_sets (id, criterion_version_id, config) VALUES ($1, $2, $3)', [id, versionId, rules]);
  try {
    await worker.get(PairBuilder).build(id);
  } catch (error) {
    return { failure: (error as { code: string }).code };
  }
  return read(id);
}

async function read(id: string): Promise<Built> {
  const pairs = [];
  for await (const row of worker.get(PairReader).read(id)) {
    const texts = { prompt: undefined, chosen: undefined, rejected: undefined };
    pairs.push({ ...row, ...texts });
  }
  const set = await worker.get(PairSetsRepository).find(id);
  expect(set!.pairCount).toBe(pairs.length);
  const ratings = await sql.query<{ id: string }>('SELECT rating_id AS id FROM pair_set_ratings WHERE pair_set_id = $1 ORDER BY 1', [id]);
  const preferences = await sql.query<{ id: string }>('SELECT preference_id AS id FROM pair_set_preferences WHERE pair_set_id = $1 ORDER BY 1', [id]);
  const weights = await sql.query<{ id: string; score: number; vote: number }>(
    'SELECT labeler_id AS id, weight::float8 AS score, preference_weight::float8 AS vote FROM pair_set_labeler_weights WHERE pair_set_id = $1',
    [id],
  );
  return {
    id,
    contentHash: set!.contentHash,
    pairs,
    ratingIds: ratings.rows.map((row) => row.id),
    preferenceIds: preferences.rows.map((row) => row.id),
    weights: {
      scores: new Map(weights.rows.map(({ id, score }) => [id, score])),
      votes: new Map(weights.rows.map(({ id, vote }) => [id, vote])),
    },
  };
}

type Given = { labeler: number; score: number; corrected: number | null }[][][];

/** Into a new criterion version and new prompts, or onto those given. */
async function insertRatings(given: Given, versionId = newId(), onto?: string): Promise<{ versionId: string; promptId: string; facts: RatingFact[] }> {
  const promptIds = given.map(() => onto ?? newId());
  if (onto === undefined) {
    const criterion = { id: newId(), name: versionId };
    await insert('criteria', [criterion]);
    await insert('criterion_versions', [
      { id: versionId, criterion_id: criterion.id, number: 1, instructions: '', scale, state: 'published' },
    ]);
    await insert('prompts', promptIds.map((id) => ({ id, text: id, text_key: textKey(id) })));
  }
  const rated = given.flatMap((completions, i) =>
    completions.map((ratings) => ({ promptId: promptIds[i], completionId: newId(), ratings })),
  );
  await insert('completions', rated.map(({ promptId, completionId }) => ({ id: completionId, prompt_id: promptId, text: completionId })));
  const facts = rated.flatMap(({ promptId, completionId, ratings }) =>
    ratings.flatMap(({ labeler, score, corrected }): RatingFact[] => {
      const first = { id: newId(), promptId, promptText: promptId, completionId, labelerId: labelers[labeler], score, supersedesId: null };
      return corrected === null ? [first] : [first, { ...first, id: newId(), score: corrected, supersedesId: first.id }];
    }),
  );
  await insert(
    'ratings',
    facts.map(({ id, completionId, labelerId, score, supersedesId }) => ({
      id,
      completion_id: completionId,
      criterion_version_id: versionId,
      labeler_id: labelerId,
      score,
      supersedes_id: supersedesId,
    })),
  );
  return { versionId, promptId: promptIds[0], facts };
}

interface GivenRanking {
  labeler: number;
  /** By completion of the prompt; null leaves it out. */
  ranks: (number | null)[];
  corrected: (number | null)[] | null;
}

/** Rankings of the completions that were rated; those of fewer than two completions are left out. */
async function insertPreferences(versionId: string, facts: RatingFact[], given: GivenRanking[][]): Promise<PreferenceFact[]> {
  const promptIds = [...new Set(facts.map(({ promptId }) => promptId))];
  const preferences = promptIds.flatMap((promptId, i) => {
    const completions = [...new Set(facts.filter((fact) => fact.promptId === promptId).map(({ completionId }) => completionId))];
    return given[i].flatMap(({ labeler, ranks, corrected }): PreferenceFact[] => {
      const fact = (of: (number | null)[], supersedesId: string | null) => {
        const groups = [0, 1, 2].map((rank) => completions.filter((_, c) => of[c] === rank)).filter((group) => group.length > 0);
        return { id: newId(), promptId, promptText: promptId, labelerId: labelers[labeler], groups, supersedesId };
      };
      const first = fact(ranks, null);
      if (first.groups.flat().length < 2) return [];
      const second = corrected && fact(corrected, first.id);
      return second && second.groups.flat().length > 1 ? [first, second] : [first];
    });
  });
  await insert(
    'preferences',
    preferences.map(({ id, promptId, labelerId, supersedesId }) => ({
      id,
      kind: 'ranking',
      prompt_id: promptId,
      criterion_version_id: versionId,
      labeler_id: labelerId,
      flags: [],
      supersedes_id: supersedesId,
    })),
  );
  await insert(
    'preference_ranks',
    preferences.flatMap(({ id, groups }) =>
      groups.flatMap((group, i) => group.map((completionId) => ({ preference_id: id, completion_id: completionId, rank: i + 1 }))),
    ),
  );
  return preferences;
}

async function insert(table: string, rows: object[]): Promise<void> {
  if (rows.length === 0) return;
  const columns = Object.keys(rows[0]).join(', ');
  await sql.query(`INSERT INTO ${table} (${columns}) SELECT ${columns} FROM jsonb_populate_recordset(NULL::${table}, $1)`, [
    JSON.stringify(rows),
  ]);
}
