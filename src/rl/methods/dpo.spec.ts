import { expect, test } from 'vitest';
import { allLinear } from '#src/lm/lora/lora.js';
import { type PreferenceGroup } from '../batch/preference-groups.js';
import { trainableCheckpoint } from '../../../test/factories/training.js';
import { type DatasetStepReport } from '../datasets/dataset-trainer.js';
import { completeDpo, type DpoHyperparameters, type DpoTask, trainDpo } from './dpo.js';
import { type TrainingProgress } from '#src/lm/files/training-progress.js';
import { checkpointHash } from '#src/lm/testing.fixture.js';

/** Short answers are preferred to long ones, whatever the question. */
const group = (letter: string): PreferenceGroup => ({
  prompt: `${letter}?`,
  completions: [`${letter}.`, `${letter}${letter}!`, `${letter} ${letter} ${letter}`],
  pairs: [
    { chosen: 0, rejected: 1, margin: 0 },
    { chosen: 0, rejected: 2, margin: 0 },
    { chosen: 1, rejected: 2, margin: 0 },
  ],
});
const train = [...'abcdefghij'].map(group);
const evaluation = [...'klm'].map(group);

function task(given: Partial<DpoHyperparameters> = {}, rest: Partial<DpoTask> = {}): DpoTask {
  const hyperparameters = completeDpo({ learningRate: 0.005, epochs: 6, batchSize: 9, schedule: 'constant', ...given });
  return { checkpoint: trainableCheckpoint(), train, evaluation, hyperparameters, threads: 1, ...rest };
}

test('chosen completions gain on rejected ones on prompts that training never sees', async () => {
  const given = task();
  const hash = checkpointHash(given.checkpoint);
  const { before, after, metrics, pairs, evaluationPairs } = await trainDpo(given);
  expect(before.loss).toBeCloseTo(Math.LN2, 4);
  expect(before['rewards/margins']).toBeCloseTo(0, 4);
  expect(after.loss).toBeLessThan(0.55);
  expect(after['rewards/accuracies']).toBeGreaterThan(0.8);
  expect(after['rewards/margins']).toBeCloseTo(after['rewards/chosen'] - after['rewards/rejected'], 4);
  expect([pairs, evaluationPairs]).toEqual([30, 9]);
  expect(Object.keys(metrics[0]).sort()).toEqual([
    'entropy',
    'grad_norm',
    'learning_rate',
    'logps/chosen',
    'logps/rejected',
    'loss',
    'rewards/accuracies',
    'rewards/chosen',
    'rewards/margins',
    'rewards/rejected',
  ]);
  expect(metrics.flatMap((step) => Object.values(step)).every(Number.isFinite)).toBe(true);
  expect(checkpointHash(given.checkpoint)).toBe(hash);
});

test.each<[string, Partial<DpoHyperparameters>]>([
  ['IPO', { lossType: 'ipo', beta: 0.5 }],
  ['hinge', { lossType: 'hinge' }],
  ['label smoothing', { labelSmoothing: 0.1 }],
  ['low-rank factors', { learningRate: 0.02, lora: { rank: 4, alpha: 8, targetModules: allLinear } }],
])('the loss falls with %s', async (_name, given) => {
  const { before, after } = await trainDpo(task(given));
  expect(after.loss).toBeLessThan(0.9 * before.loss);
  expect(after['rewards/margins']).toBeGreaterThan(0.1);
});

test.each<[string, Partial<DpoHyperparameters>]>([
  ['in parts', { microBatchTokens: 12 }],
  ['in parts, by length', { microBatchTokens: 12, lossType: 'ipo' }],
  ['in parts, hinge', { microBatchTokens: 12, lossType: 'hinge' }],
  ['with activations computed again', { gradientCheckpointing: true }],
  ['in parts, computed again, low-rank', { microBatchTokens: 12, gradientCheckpointing: true, lora: { rank: 4, alpha: 8, targetModules: allLinear } }],
])('the curve is the same %s', async (_name, saving) => {
  const given = { epochs: 2, lora: saving.lora ?? null, lossType: saving.lossType ?? ('sigmoid' as const) };
  const plain = await trainDpo(task(given));
  const { metrics } = await trainDpo(task({ ...given, ...saving }));
  metrics.forEach((step, i) => {
    for (const [name, value] of Object.entries(step)) expect(value, `${name} of step ${i + 1}`).toBeCloseTo(plain.metrics[i][name], 3);
  });
});

test('resumed in the middle of a pass it ends with the same bits', async () => {
  const saved: TrainingProgress[] = [];
  const onStep = ({ step, progress }: DatasetStepReport): void => {
    if (step === 2) saved.push(structuredClone(progress));
  };
  const straight = await trainDpo(task({ epochs: 2 }, { onStep }));
  const resumed = await trainDpo(task({ epochs: 2 }, { resume: saved[0] }));
  expect(resumed.metrics).toEqual(straight.metrics);
  expect(resumed.after).toEqual(straight.after);
  expect(checkpointHash(resumed.checkpoint)).toBe(checkpointHash(straight.checkpoint));
});

test('pairs go with a completion that finds no room; without pairs there is nothing to train on', async () => {
  const full = { ...group('b'), prompt: 'b'.repeat(60) };
  expect(await trainDpo(task({ epochs: 1, maxTokens: 40 }, { train: [group('a'), full] }))).toMatchObject({ pairs: 3, dropped: 3 });
  await expect(trainDpo(task({ maxTokens: 2 }))).rejects.toThrow('nothing to train on');
});
