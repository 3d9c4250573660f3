import { expect, test } from 'vitest';
import { allLinear } from '#src/lm/lora/lora.js';
import { floats } from '#src/nn/tensor.js';
import { type PreferenceGroup } from '../batch/preference-groups.js';
import { trainableCheckpoint } from '../../../test/factories/training.js';
import { type DatasetStepReport } from '../datasets/dataset-trainer.js';
import { completeSft, type SftHyperparameters, type SftTask, trainSft } from './sft.js';
import { selectCompletions } from '../datasets/training-examples.js';
import { type TrainingProgress } from '#src/lm/files/training-progress.js';
import { checkpointHash } from '#src/lm/testing.fixture.js';

/** The good answer is the same whatever the question. */
const group = (letter: string): PreferenceGroup => ({
  prompt: `${letter}?`,
  completions: ['yes.', 'no', `${letter}!`],
  pairs: [
    { chosen: 0, rejected: 1, margin: 0 },
    { chosen: 0, rejected: 2, margin: 0 },
    { chosen: 2, rejected: 1, margin: 0 },
  ],
});
const train = [...'abcdefghij'].map(group);
const evaluation = [...'klm'].map(group);

function task(given: Partial<SftHyperparameters> = {}, rest: Partial<SftTask> = {}): SftTask {
  const hyperparameters = completeSft({ learningRate: 0.02, epochs: 8, batchSize: 4, schedule: 'constant', ...given });
  return { checkpoint: trainableCheckpoint(), train, evaluation, hyperparameters, threads: 1, ...rest };
}

test('best completions are those that no other beat', () => {
  expect(selectCompletions([group('a')], 'best').map(({ completions }) => completions)).toEqual([['yes.']]);
  expect(selectCompletions([group('a')], 'chosen').map(({ completions }) => completions)).toEqual([['yes.', 'a!']]);
});

test('the loss falls on prompts that training never sees', async () => {
  const given = task();
  const hash = checkpointHash(given.checkpoint);
  const { before, after, metrics, examples, evaluationExamples, checkpoint } = await trainSft(given);
  expect(after.loss).toBeLessThan(before.loss - 1);
  expect(after.mean_token_accuracy).toBeGreaterThan(before.mean_token_accuracy + 0.2);
  expect([examples, evaluationExamples]).toEqual([10, 3]);
  expect(metrics).toHaveLength(8 * 3);
  expect(Object.keys(metrics[0]).sort()).toEqual(['entropy', 'grad_norm', 'learning_rate', 'loss', 'mean_token_accuracy']);
  expect(metrics.map((step) => 'eval_loss' in step)).toEqual(Array.from({ length: 24 }, (_, i) => i % 3 === 2));
  expect(metrics[23].eval_loss).toBe(after.loss);
  expect(metrics.flatMap((step) => Object.values(step)).every(Number.isFinite)).toBe(true);
  expect(checkpointHash(given.checkpoint)).toBe(hash);
  const still = Object.keys(checkpoint.tensors).filter((name) =>
    floats(checkpoint.tensors[name]).every((value, i) => value === floats(given.checkpoint.tensors[name])[i]),
  );
  expect(still).toEqual([]);
});

test.each<[string, Partial<SftHyperparameters>]>([
  ['in parts', { microBatchTokens: 8 }],
  ['with activations computed again', { gradientCheckpointing: true }],
  ['in parts, computed again, low-rank', { microBatchTokens: 8, gradientCheckpointing: true, lora: { rank: 4, alpha: 8, targetModules: allLinear } }],
])('the curve is the same %s', async (_name, saving) => {
  const given = { epochs: 2, learningRate: 0.01, completions: 'chosen' as const, lora: saving.lora ?? null };
  const plain = await trainSft(task(given));
  const { metrics } = await trainSft(task({ ...given, ...saving }));
  metrics.forEach((step, i) => {
    for (const [name, value] of Object.entries(step)) expect(value, `${name} of step ${i + 1}`).toBeCloseTo(plain.metrics[i][name], 4);
  });
});

test.each([
  ['all weights', null],
  ['low-rank factors', { rank: 4, alpha: 8, targetModules: allLinear }],
  ['low-rank factors with dropout', { rank: 4, alpha: 8, targetModules: allLinear, dropout: 0.3 }],
])('resumed in the middle of a pass it ends with the same bits: %s', async (_name, lora) => {
  const given = { epochs: 2, lora };
  const saved: TrainingProgress[] = [];
  const onStep = ({ step, progress }: DatasetStepReport): void => {
    if (step === 2) saved.push(structuredClone(progress));
  };
  const straight = await trainSft(task(given, { onStep }));
  const resumed = await trainSft(task(given, { resume: saved[0] }));
  expect(resumed.metrics).toEqual(straight.metrics);
  expect([resumed.before, resumed.after]).toEqual([straight.before, straight.after]);
  expect(checkpointHash(resumed.checkpoint)).toBe(checkpointHash(straight.checkpoint));
  expect(checkpointHash((await trainSft(task({ ...given, seed: 2 }))).checkpoint)).not.toBe(checkpointHash(straight.checkpoint));
});

test('dropout is of the steps and not of evaluations, and the same where activations are computed again', async () => {
  const lora = { rank: 4, alpha: 8, targetModules: allLinear };
  const given = { epochs: 2, lora };
  const [plain, dropping] = [await trainSft(task(given)), await trainSft(task({ ...given, lora: { ...lora, dropout: 0.3 } }))];
  expect(dropping.before).toEqual(plain.before);
  // The factors start as a product of 0: what the first step leaves out shows in its gradient alone.
  expect(dropping.metrics[0].loss).toBe(plain.metrics[0].loss);
  expect(dropping.metrics[0].grad_norm).not.toBeCloseTo(plain.metrics[0].grad_norm, 3);
  expect(dropping.after.loss).toBeLessThan(dropping.before.loss - 0.1);
  const saving = await trainSft(task({ ...given, lora: { ...lora, dropout: 0.3 }, gradientCheckpointing: true }));
  saving.metrics.forEach(({ loss, grad_norm: norm }, i) => {
    expect(loss).toBeCloseTo(dropping.metrics[i].loss, 4);
    expect(norm).toBeCloseTo(dropping.metrics[i].grad_norm, 3);
  });
});

test('completions are cut at the end, those without room left out, and no data is an error', async () => {
  const long = { ...group('a'), completions: ['a'.repeat(100), 'no', 'a!'] };
  const full = { ...group('b'), prompt: 'b'.repeat(60) };
  const result = await trainSft(task({ epochs: 1, maxTokens: 40 }, { train: [long, full] }));
  expect(result).toMatchObject({ examples: 1, truncated: 1, dropped: 1 });
  await expect(trainSft(task({ maxTokens: 2 }))).rejects.toThrow('nothing to train on');
});

test('maxSteps ends a run early, with an evaluation; an aborted one stops', async () => {
  const { metrics, after } = await trainSft(task({ maxSteps: 2 }));
  expect(metrics).toHaveLength(2);
  expect(metrics[1].eval_loss).toBe(after.loss);
  await expect(trainSft(task({}, { signal: AbortSignal.abort(new Error('enough')) }))).rejects.toThrow('enough');
});

test('a loss that is no longer finite stops the run at the last good weights', async () => {
  const after: Record<number, string> = {};
  const onStep = ({ step, progress, weights }: DatasetStepReport) => {
    after[step] = checkpointHash(weights().checkpoint);
    // As if this step's update had been too much.
    if (step === 3) floats(Object.entries(progress.state).find(([name]) => name.startsWith('param.'))![1]).fill(Number.NaN);
  };
  const { stopped, metrics, checkpoint, after: evaluation } = await trainSft(task({ epochs: 20 }, { onStep }));
  expect(stopped).toMatchObject({ reason: 'diverged', step: 4, detail: expect.stringContaining('NaN') });
  expect(metrics).toHaveLength(3);
  // The third step's weights gave no finite loss, so those before it are the last that are known to be good.
  expect(checkpointHash(checkpoint)).toBe(after[2]);
  expect(evaluation.loss).toBeGreaterThan(0);
});
