import { expect, test } from 'vitest';
import { type TrainingProgress } from '#src/lm/files/training-progress.js';
import { allLinear } from '#src/lm/lora/lora.js';
import { trainableCheckpoint } from '../../../test/factories/training.js';
import { type DatasetStepReport } from '../datasets/dataset-trainer.js';
import { completeKto, mismatched, trainKto, type JudgedGroup, type KtoHyperparameters, type KtoTask } from './kto.js';
import { checkpointHash } from '#src/lm/testing.fixture.js';

/** Short answers are desirable and long ones are not, whatever the question. */
const group = (letter: string): JudgedGroup => ({
  prompt: `${letter}?`,
  completions: [`${letter}.`, `${letter} ${letter} ${letter}`],
  desirable: [true, false],
});
const train = [...'abcdefghij'].map(group);
const evaluation = [...'klm'].map(group);

function task(given: Partial<KtoHyperparameters> = {}, rest: Partial<KtoTask> = {}): KtoTask {
  const hyperparameters = completeKto({ learningRate: 0.005, epochs: 6, batchSize: 8, schedule: 'constant', ...given });
  return { checkpoint: trainableCheckpoint(), train, evaluation, hyperparameters, threads: 1, ...rest };
}

test('desirable completions gain on undesirable ones on prompts that training never sees', async () => {
  const given = task();
  const hash = checkpointHash(given.checkpoint);
  const { before, after, metrics, ...counts } = await trainKto(given);
  expect(before.loss).toBeCloseTo(0.5, 4);
  expect([before.kl, before['rewards/margins']]).toEqual([0, expect.closeTo(0, 4)]);
  expect(after.loss).toBeLessThan(0.45);
  expect(after['rewards/chosen']).toBeGreaterThan(after['rewards/rejected']);
  expect(after['rewards/margins']).toBeCloseTo(after['rewards/chosen'] - after['rewards/rejected'], 4);
  expect(counts).toMatchObject({ examples: 20, desirable: 10, evaluationExamples: 6, completions: 20, truncated: 0, dropped: 0 });
  expect(metrics.flatMap((step) => Object.values(step)).every(Number.isFinite)).toBe(true);
  expect(metrics.every(({ kl }) => kl >= 0)).toBe(true);
  expect(checkpointHash(given.checkpoint)).toBe(hash);
});

test('completions of one kind alone are learned, and figures of the other left out', async () => {
  const liked = train.map(({ prompt, completions }) => ({ prompt, completions: completions.slice(0, 1), desirable: [true] }));
  const { metrics, after } = await trainKto(task({ epochs: 2 }, { train: liked, evaluation: liked }));
  expect(metrics[0]).not.toHaveProperty('rewards/rejected');
  expect(metrics[0]).not.toHaveProperty('rewards/margins');
  expect(after['rewards/chosen']).toBeGreaterThan(0);
});

test('a step in parts and with activations computed again is the same', async () => {
  const plain = await trainKto(task({ epochs: 2 }));
  const { metrics } = await trainKto(task({ epochs: 2, microBatchTokens: 20, gradientCheckpointing: true }));
  metrics.forEach((step, i) => {
    for (const [name, value] of Object.entries(step)) expect(value, `${name} of step ${i + 1}`).toBeCloseTo(plain.metrics[i][name], 4);
  });
});

test('low-rank factors and the last layers alone are trained', async () => {
  for (const given of [{ lora: { rank: 4, alpha: 8, targetModules: [...allLinear] }, learningRate: 0.02 }, { trainedLayers: 1 }]) {
    const { before, after } = await trainKto(task({ epochs: 3, ...given }));
    expect(after.loss).toBeLessThan(before.loss);
  }
});

test('a weight of 0 leaves a kind out of the loss', async () => {
  const { after } = await trainKto(task({ undesirableWeight: 0 }));
  expect(after['rewards/chosen']).toBeGreaterThan(0);
  const { after: other } = await trainKto(task({ desirableWeight: 0 }));
  expect(other['rewards/rejected']).toBeLessThan(0);
});

test('a prompt with more completions than a step takes comes in several steps', async () => {
  const many = { prompt: 'z?', completions: Array.from({ length: 20 }, (_, i) => `z${i}`), desirable: Array.from({ length: 20 }, (_, i) => i % 2 === 0) };
  const { examples, metrics } = await trainKto(task({ epochs: 1, batchSize: 8 }, { train: [many, group('a')] }));
  expect(examples).toBe(22);
  expect(metrics.length).toBeGreaterThan(2);
});

test('each prompt meets the completions of the one before it, cut to its room', () => {
  const [a, b, c] = [[1, 2], [3], [4, 5]].map((promptIds, i) => ({ promptIds, completions: [{ tokenIds: [10 + i, 20 + i, 30 + i] }] }));
  const found = mismatched([a, b, c], 4);
  expect(found.map(({ promptIds }) => promptIds)).toEqual([[1, 2], [3], [4, 5]]);
  expect(found.map(({ completions }) => completions[0].tokenIds)).toEqual([[12, 22], [10, 20, 30], [11, 21]]);
  expect(mismatched([a], 4)).toEqual([]);
  // Parts of one large group have the same prompt.
  expect(mismatched([a, a], 4)).toEqual([]);
  expect(mismatched([b, a, a], 4).map(({ completions }) => completions[0].tokenIds[0])).toEqual([10, 11, 11]);
});

test('resumed in the middle it ends with the same bits', async () => {
  const straight = await trainKto(task({ epochs: 3 }));
  const saved: TrainingProgress[] = [];
  const onStep = ({ step, progress }: DatasetStepReport): void => {
    if (step === 4) saved.push(structuredClone(progress));
  };
  await trainKto(task({ epochs: 3 }, { onStep }));
  const resumed = await trainKto(task({ epochs: 3 }, { resume: saved[0] }));
  expect(resumed.metrics).toEqual(straight.metrics);
  expect(resumed.after).toEqual(straight.after);
  expect(checkpointHash(resumed.checkpoint)).toBe(checkpointHash(straight.checkpoint));
});
