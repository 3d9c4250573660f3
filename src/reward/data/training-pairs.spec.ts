import { defaultEarlyStopping } from '#src/rl/reward/early-stopping.js';
import { expect, test } from 'vitest';
import { completeReward, type GivenHyperparameters } from '#src/rl/methods/reward.js';
import { type StoredGroup } from './preference-data.service.js';
import { charactersOf, trainingPairs } from './training-pairs.js';

/** The preferred completion is longer in three of four prompts. */
const groups: StoredGroup[] = Array.from({ length: 200 }, (_, i) => ({
  promptId: `id ${i}`,
  prompt: `prompt ${i}`,
  completionIds: [`${i}a`, `${i}b`],
  completions: i % 4 === 0 ? ['short', 'quite a bit longer'] : ['quite a bit longer', 'short'],
  pairs: [{ ordinal: i, chosen: 0, rejected: 1, gap: 1, margin: 0, tie: false, recordedWeight: i === 7 ? 0 : null }],
}));
const prepare = (given: GivenHyperparameters) => trainingPairs(groups, completeReward(given));
const prompts = (of: readonly { prompt: unknown }[]) => of.map(({ prompt }) => prompt);

test('pairs that weigh nothing are left out; without early stopping nothing is set aside', () => {
  const { train, validation, lengthBias } = prepare({});
  expect(prompts(train)).toEqual(prompts(groups).filter((_, i) => i !== 7));
  expect([validation, lengthBias]).toEqual([[], null]);
  expect(prompts(prepare({ pairWeights: 'uniform' }).train)).toEqual(prompts(groups));
});

test('validation takes whole prompts by their text and the seed', () => {
  const early = { earlyStopping: { ...defaultEarlyStopping, validationFraction: 0.25 } };
  const { train, validation } = prepare(early);
  expect(validation.length).toBeGreaterThan(30);
  expect(validation.length).toBeLessThan(70);
  expect([...prompts(train), ...prompts(validation)].sort()).toEqual(prompts(groups).filter((_, i) => i !== 7).sort());
  expect(prompts(prepare(early).validation)).toEqual(prompts(validation));
  expect(prompts(prepare({ ...early, seed: 1 }).validation)).not.toEqual(prompts(validation));
});

test('what length explains is taken off the margins', () => {
  const { train, lengthBias } = prepare({ lengthDebias: 'product_of_experts' });
  expect(lengthBias!.coefficient).toBeGreaterThan(0.5);
  const logit = lengthBias!.coefficient * Math.tanh(13 / lengthBias!.scale);
  expect(train[1].pairs[0].margin).toBeCloseTo(-logit, 12);
  expect(train[0].pairs[0].margin).toBeCloseTo(logit, 12);
  // Three of four times the longer one: with one feature value the fit is the observed odds, but for the prior.
  expect(Math.exp(logit)).toBeCloseTo(3, 0);
});

test('characters are code points', () => {
  expect(charactersOf('a😀é')).toBe(3);
});
