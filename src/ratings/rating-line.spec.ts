import fc from 'fast-check';
import { expect, test } from 'vitest';
import { validatePlain } from '#src/common/validation.js';
import { namingMistakes, passesRules, readRatingLine } from './rating-line.js';
import { CreateRatingDto, ratingBounds } from './ratings.dto.js';

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

const line = fc.record(
  {
    completionId: mostly(fc.oneof(uuid, uuid.map((id) => id.toUpperCase()))),
    completionExternalId: mostly(text),
    criterionVersionId: mostly(uuid),
    labelerId: mostly(uuid),
    labelerExternalId: mostly(text),
    score: mostly(fc.double({ noNaN: true, noDefaultInfinity: true })),
    position: mostly(count(ratingBounds.position)),
    timeSpentMs: mostly(count(ratingBounds.timeSpentMs)),
    rationale: mostly(fc.oneof(text, fc.constantFrom('y'.repeat(10_000), 'y'.repeat(10_001)))),
    externalId: mostly(text),
    dimensionScores: mostly(fc.dictionary(word, fc.oneof({ weight: 20, arbitrary: fc.nat(5) }, fc.constantFrom('1', NaN)), { maxKeys: 3 })),
    flags: mostly(fc.uniqueArray(word, { maxLength: 3 })),
    extra: wrong,
  },
  { requiredKeys: [] },
);
/** Most generated lines should be good, or the rules would only ever be seen refusing. */
const plausible = line.map((given): Record<string, unknown> => ({
  criterionVersionId: '0192f0c1-2345-7abc-8def-0123456789ab',
  score: 3,
  ...given,
}));

test('by hand and by decorators, the same lines pass', () => {
  let passed = 0;
  fc.assert(
    fc.property(fc.oneof(line, plausible, wrong, plausible.map(({ extra: _, ...rest }) => rest)), (given) => {
      const byHand = passesRules(given);
      if (byHand) passed++;
      expect(byHand).toBe(validatePlain(CreateRatingDto, given).errors === undefined);
    }),
    { numRuns: 4000 },
  );
  expect(passed).toBeGreaterThan(300);
});

test('a refused line carries the messages of the DTO', () => {
  const given = { completionId: 'x', criterionVersionId: '0192f0c1-2345-7abc-8def-0123456789ab', score: '3', colour: 1 };
  expect(readRatingLine(given).errors?.map(({ pointer, rule }) => [pointer, rule])).toEqual([
    ['/colour', 'whitelistValidation'],
    ['/completionId', 'isUuid'],
    ['/score', 'isNumber'],
  ]);
});

test('completion and labeler are each named once', () => {
  const version = '0192f0c1-2345-7abc-8def-0123456789ab';
  const named = (fields: Partial<CreateRatingDto>) =>
    namingMistakes({ criterionVersionId: version, score: 1, ...fields }).map((error) => error.pointer);
  expect(named({ completionId: version, labelerExternalId: 'a' })).toEqual([]);
  expect(named({ completionId: version, completionExternalId: 'a', labelerId: version })).toEqual(['/completionId']);
  expect(named({})).toEqual(['/completionId', '/labelerId']);
});
