import { afterEach, expect, test, vi } from 'vitest';
import type { Checkpoint } from '#src/lm/files/checkpoint.js';
import { withRewardPadding } from '#src/lm/files/reward-padding.js';
import { TrunkStates } from '#src/lm/lora/trunk-states.js';
import { floats } from '#src/nn/tensor.js';
import { trainableCheckpoint } from '../../../test/factories/training.js';
import { type GivenHyperparameters, completeReward, type RewardProgress, type RewardStep, type RewardTraining, trainRewardModel } from '../methods/reward.js';
import { planRewardTraining } from '../plan/reward-plan.js';
import { type PreferenceGroup } from '../batch/preference-groups.js';
import { trunkUse } from './reward-trunk.js';
import { checkpointHash } from '#src/lm/testing.fixture.js';

/** Of one prompt there is more than fits into a step, and some texts are too long. */
const group = (letter: string, i: number): PreferenceGroup => ({
  prompt: `${letter.repeat(1 + (i % 5))}?`,
  completions: ['yes, thanks.', `no ${letter}`, letter.repeat(8 + 3 * i)],
  pairs: [
    { chosen: 0, rejected: 1, margin: 0 },
    { chosen: 0, rejected: 2, margin: 0.2 },
    { chosen: 1, rejected: 2, margin: 0 },
  ],
});
const groups = [...'abcdefgh'].map(group);
const many: PreferenceGroup = { prompt: 'many?', completions: [...'stuvwxyz'], pairs: [1, 2, 3, 4, 5, 6, 7].map((rejected) => ({ chosen: 0, rejected, margin: 0 })) };
const train = [...groups, many];
const validation = [...'klmn'].map(group);

const start = trainableCheckpoint(1, { numLayers: 4 });

async function fit(given: GivenHyperparameters, rest: Partial<RewardTraining> = {}) {
  const hyperparameters = completeReward({ trainedLayers: 2, epochs: 3, batchSize: 6, maxTokens: 28, learningRate: 3e-3, ...given });
  const curve: RewardStep[] = [];
  const onStep = (step: RewardStep) => void curve.push({ ...step, progress: structuredClone(step.progress) });
  const result = await trainRewardModel({ checkpoint: start, groups: train, validation, hyperparameters, onStep, threads: 1, ...rest });
  return { ...result, curve };
}

afterEach(() => void vi.restoreAllMocks());

const earlyStopping = { evaluateEvery: 4, patience: 50 };
const lora = { rank: 2 };

test.each<[string, GivenHyperparameters]>([
  ['all weights', {}],
  ['all weights, in parts, computed again', { microBatchTokens: 40, gradientCheckpointing: true }],
  ['all weights, early stopping', { earlyStopping }],
  ['low-rank factors', { lora }],
  ['low-rank factors, in parts, computed again, pointwise', { lora, microBatchTokens: 40, gradientCheckpointing: true, objective: 'pointwise' }],
])('from kept hidden states the steps are those of the whole model: %s', async (_name, given) => {
  const plain = await fit(given, { keepTrunk: false });
  const [compute, read] = [vi.spyOn(TrunkStates, 'compute'), vi.spyOn(TrunkStates.prototype, 'of')];
  const kept = await fit(given);
  expect(compute).toHaveBeenCalledTimes(1);
  expect(read.mock.calls.length).toBeGreaterThanOrEqual(kept.steps);
  expect(kept.curve).toHaveLength(plain.curve.length);
  kept.curve.forEach(({ metrics, pairs, tokens }, i) => {
    expect([pairs, tokens]).toEqual([plain.curve[i].pairs, plain.curve[i].tokens]);
    for (const [name, value] of Object.entries(metrics)) expect(value, `${name} of step ${i + 1}`).toBeCloseTo(plain.curve[i].metrics[name as 'loss'], 3);
  });
  for (const [name, tensor] of Object.entries(kept.checkpoint.tensors)) {
    const theirs = floats(plain.checkpoint.tensors[name]);
    expect(Math.max(...floats(tensor).map((value, i) => Math.abs(value - theirs[i]))), name).toBeLessThan(1e-3);
  }
});

test.each<[string, GivenHyperparameters, RegExp]>([
  ['all weights', {}, /layers\.[23]\.|model\.norm\./],
  ['low-rank factors', { lora }, /layers\.[23]\..*_proj/],
])('every trained parameter moves and no frozen one: %s', async (_name, given, trained) => {
  const hash = checkpointHash(start);
  const { checkpoint, curve } = await fit(given);
  // Reward models get a row for padding, which belongs to no text.
  const { tensors: before } = withRewardPadding(start);
  const names = Object.keys(before).filter((name) => name in checkpoint.tensors);
  expect(names.filter((name) => floats(checkpoint.tensors[name]).some((value, i) => value !== floats(before[name])[i]))).toEqual(names.filter((name) => trained.test(name)));
  expect(floats(curve[0].progress.state['param.score.weight'])).not.toEqual(floats(checkpoint.tensors['score.weight']));
  expect(checkpointHash(start)).toBe(hash);
});

test.each<[string, GivenHyperparameters]>([
  ['all weights', {}],
  ['low-rank factors, in parts, early stopping', { lora, microBatchTokens: 40, earlyStopping }],
])('resumed after any step it comes to the same bits: %s', async (_name, given) => {
  const straight = await fit(given);
  for (const killedAt of [1, 5]) {
    const resume: RewardProgress = straight.curve[killedAt - 1].progress;
    const resumed = await fit(given, { resume });
    expect(checkpointHash(resumed.checkpoint)).toBe(checkpointHash(straight.checkpoint));
    expect(resumed.curve.map(({ metrics }) => metrics)).toEqual(straight.curve.slice(killedAt).map(({ metrics }) => metrics));
  }
});

test('kept is what is read more than once', () => {
  const use = (given: GivenHyperparameters) => Object.values(trunkUse(start.config, completeReward(given)));
  expect(use({ trainedLayers: 2, epochs: 2 })).toEqual([true, false]);
  expect(use({ trainedLayers: 2, earlyStopping })).toEqual([false, true]);
  expect([use({ trainedLayers: 4, epochs: 2 }), use({ epochs: 2 })]).toEqual([[false, false], [false, false]]);
});

test('a plan counts what is trained and what is kept', () => {
  const plan = (given: GivenHyperparameters) => planRewardTraining(start, train, completeReward({ batchSize: 6, maxTokens: 28, ...given }));
  const [all, upper, once, few] = [plan({ epochs: 2 }), plan({ epochs: 2, trainedLayers: 2 }), plan({ trainedLayers: 2 }), plan({ epochs: 2, trainedLayers: 2, lora })];
  const size = ({ tensors }: Checkpoint, names: RegExp) => Object.entries(tensors).reduce((total, [name, { data }]) => total + (names.test(name) ? data.length : 0), 0);
  const { hiddenSize } = start.config;
  expect(all.parameters).toBe(upper.parameters);
  expect(upper.trainedParameters).toBe(size(start, /layers\.[23]\.|model\.norm\./) + hiddenSize);
  expect(few.trainedParameters).toBe(plan({ lora }).trainedParameters / 2 + hiddenSize / 2);
  expect(upper.bytes.peak).toBeLessThan(all.bytes.peak);
  // Half the layers, of which the last computes the ends of texts alone; the lower half forward comes on top where nothing is kept.
  expect(upper.floatingPointOperations / all.floatingPointOperations).toBeCloseTo(0.45, 1);
  expect(once.floatingPointOperations).toBeGreaterThan(1.2 * upper.floatingPointOperations);
  expect([all.trunkBytes, once.trunkBytes]).toEqual([0, 0]);
  expect(upper.trunkBytes).toBeGreaterThan(0);
  // The batch is token ids and masks in either case, and hidden states in one.
  expect(upper.bytes.batch).toBeGreaterThan(once.bytes.batch);
  expect(few.bytes.batch / upper.bytes.batch).toBeCloseTo(1, 1);
});
