import { validateSync } from 'class-validator';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { instantiate } from '#src/common/instantiate.js';
import { passes } from '#src/common/rules.js';
import { validatePlain } from '#src/common/validation.js';
import { CreatePreferenceJudgementDto, CreateRankingDto } from './preferences.dto.js';
import { ratingBounds, ratingMistakes } from './rating-rules.js';
import { CreateRatingDto } from './ratings.dto.js';

const uuid = fc.uuid({ version: [4, 7] });
const text = fc.oneof(
  { weight: 12, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }) },
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('', 'x\0', '\ud800', 'a\ufe0f', 'x'.repeat(200), 'x'.repeat(201), '😀'.repeat(200), '😀'.repeat(201)),
);
const word = fc.oneof({ weight: 20, arbitrary: fc.constantFrom('unsafe', 'a_1', 'prompt_unclear') }, text);
const count = (max: number) => fc.oneof({ weight: 6, arbitrary: fc.nat(max) }, fc.constantFrom(0, -1, 0.5, max, max + 1, -0));
const wrong = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom(Infinity, NaN, undefined));
const mostly = <T>(good: fc.Arbitrary<T>) => fc.oneof({ weight: 30, arbitrary: good }, { weight: 1, arbitrary: wrong });
const id = mostly(fc.oneof(uuid, uuid.map((lower) => lower.toUpperCase())));

const details = {
  criterionVersionId: id,
  labelerId: id,
  labelerExternalId: mostly(text),
  timeSpentMs: mostly(count(ratingBounds.timeSpentMs)),
  rationale: mostly(fc.oneof(text, fc.constantFrom('y'.repeat(10_000), 'y'.repeat(10_001)))),
  externalId: mostly(text),
  flags: mostly(fc.uniqueArray(word, { maxLength: 3 })),
};
const requiredKeys: ['criterionVersionId'] = ['criterionVersionId'];

test.each([
  [CreateRatingDto, fc.record({
    ...details,
    completionId: id,
    completionExternalId: mostly(text),
    score: mostly(fc.double({ noNaN: true, noDefaultInfinity: true })),
    position: mostly(count(ratingBounds.position)),
    dimensionScores: mostly(fc.dictionary(word, fc.oneof({ weight: 20, arbitrary: fc.nat(5) }, fc.constantFrom('1', NaN)), { maxKeys: 3 })),
  }, { requiredKeys })],
  [CreateRankingDto, fc.record({
    ...details,
    ranking: mostly(fc.array(fc.array(uuid, { maxLength: 2 }), { maxLength: 3 })),
    rankingExternalIds: mostly(fc.array(fc.array(text, { maxLength: 2 }), { maxLength: 3 })),
    shownOrder: mostly(fc.array(uuid, { maxLength: 3 })),
    shownOrderExternalIds: mostly(fc.array(text, { maxLength: 3 })),
  }, { requiredKeys })],
  [CreatePreferenceJudgementDto, fc.record({
    ...details,
    completionIds: mostly(fc.array(uuid, { minLength: 2, maxLength: 2 })),
    completionExternalIds: mostly(fc.array(text, { minLength: 2, maxLength: 2 })),
    preferredCompletionId: mostly(fc.option(uuid)),
    preferredCompletionExternalId: mostly(fc.option(text)),
  }, { requiredKeys })],
])('rules looked up once pass what class-validator passes: %o', (type: new () => object, given: fc.Arbitrary<object>) => {
  let passed = 0;
  fc.assert(
    fc.property(given, (plain) => {
      const { instance } = instantiate(type, plain);
      const quick = passes(type, instance);
      if (quick) passed++;
      expect(quick).toBe(validateSync(instance, { forbidUnknownValues: true }).length === 0);
    }),
    { numRuns: 2000 },
  );
  expect(passed).toBeGreaterThan(200);
});

test('a refused line carries the messages of the DTO', () => {
  const given = { completionId: 'x', criterionVersionId: '0192f0c1-2345-7abc-8def-0123456789ab', score: '3', colour: 1 };
  expect(validatePlain(CreateRatingDto, given).errors?.map(({ pointer, rule }) => [pointer, rule])).toEqual([
    ['/colour', 'whitelistValidation'],
    ['/completionId', 'isUuid'],
    ['/score', 'isNumber'],
  ]);
});

test('completion and labeler are each named once', () => {
  const version = '0192f0c1-2345-7abc-8def-0123456789ab';
  const named = (fields: Partial<CreateRatingDto>) =>
    ratingMistakes({ criterionVersionId: version, score: 1, ...fields }).map((error) => error.pointer);
  expect(named({ completionId: version, labelerExternalId: 'a' })).toEqual([]);
  expect(named({ completionId: version, completionExternalId: 'a', labelerId: version })).toEqual(['/completionId']);
  expect(named({})).toEqual(['/completionId', '/labelerId']);
});
