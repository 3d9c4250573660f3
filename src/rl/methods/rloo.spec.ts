import { expect, test } from 'vitest';
import { trainableCheckpoint } from '../../../test/factories/training.js';
import { completeRloo, type RlooHyperparameters, trainRloo } from './rloo.js';
import type { RolloutStepReport, RolloutTask } from '../rollouts/rollout-trainer.js';
import { type TrainingProgress } from '#src/lm/files/training-progress.js';
import { prompts, score } from '../rollouts/printable.fixture.js';
import { checkpointHash } from '#src/lm/testing.fixture.js';

function task(given: Partial<RlooHyperparameters> = {}, rest: Partial<RolloutTask<RlooHyperparameters>> = {}): RolloutTask<RlooHyperparameters> {
  const hyperparameters = completeRloo({
    learningRate: 0.05,
    schedule: 'constant',
    beta: 0.001,
    steps: 20,
    promptsPerStep: 4,
    groupSize: 6,
    maxTokens: 10,
    evaluationPrompts: 5,
    ...given,
  });
  return { checkpoint: trainableCheckpoint(), prompts, score, hyperparameters, threads: 1, ...rest };
}

test('the reward goes up, and the KL starts at zero', async () => {
  const { rewardBefore, rewardAfter, metrics } = await trainRloo(task());
  expect(rewardAfter).toBeGreaterThan(rewardBefore + 0.2);
  expect(metrics[0].kl).toBeCloseTo(0, 5);
  expect(metrics[19].kl).toBeGreaterThan(0.01);
  expect(metrics.flatMap((step) => Object.values(step)).every(Number.isFinite)).toBe(true);
});

test('completions written by a copy in 8 bits count by their ratio, and the reward goes up', async () => {
  const { rewardBefore, rewardAfter, metrics } = await trainRloo(task({ rolloutWeights: 'int8', steps: 12 }));
  expect(rewardAfter).toBeGreaterThan(rewardBefore + 0.1);
  const learned = metrics.filter((of) => 'loss' in of);
  expect(learned.length).toBeGreaterThan(0);
  for (const step of learned) {
    expect(step['sampling/logp_difference_mean']).toBeGreaterThan(0);
    expect(Math.abs(step['sampling/importance_sampling_ratio_mean'] - 1)).toBeLessThan(0.2);
  }
});

test('a larger beta keeps the policy nearer to where it started, and 0 measures no KL', async () => {
  const few = { steps: 10, learningRate: 0.02 };
  const last = async (given: Partial<RlooHyperparameters>) => (await trainRloo(task({ ...few, ...given }))).metrics[9];
  const [near, far, unmeasured] = [await last({ beta: 1 }), await last({ beta: 1e-6 }), await last({ beta: 0 })];
  expect(near.kl).toBeLessThan(far.kl / 2);
  // The KL that summary and findings tell costs nothing where both log-probabilities are at hand.
  expect(near.kl_k3).toBeGreaterThan(0);
  expect(near.kl_k3).toBeLessThan(far.kl_k3);
  for (const name of ['kl', 'kl_k3']) expect(unmeasured).not.toHaveProperty(name);
  expect((await last({ beta: 0, klBudget: 1e6 })).kl).toBeGreaterThan(0);
});

test('advantages of a group are relative to its other completions', async () => {
  const reports: RolloutStepReport[] = [];
  await trainRloo(task({ steps: 1, beta: 0 }, { onStep: (report) => void reports.push(report) }));
  const group = reports[0].samples.slice(0, 6);
  const total = group.reduce((sum, { reward }) => sum + reward, 0);
  for (const { reward, advantage } of group) expect(advantage).toBeCloseTo(reward - (total - reward) / 5, 9);
});

test('a step in parts and with activations computed again is the same', async () => {
  const given = { steps: 3, innerEpochs: 2, learningRate: 0.01 };
  const plain = await trainRloo(task(given));
  const { metrics } = await trainRloo(task({ ...given, microBatchTokens: 40, gradientCheckpointing: true }));
  metrics.forEach((step, i) => {
    for (const [name, value] of Object.entries(step)) expect(value, `${name} of step ${i + 1}`).toBeCloseTo(plain.metrics[i][name], 4);
  });
});

test('a prompt that leaves no room is named before anything is sampled', async () => {
  await expect(trainRloo(task({}, { prompts: [...prompts, { id: 'long', text: 'x'.repeat(600) }] }))).rejects.toThrow(/prompt long has \d+ tokens, there is room for/);
});

test('resumed in the middle it ends with the same bits', async () => {
  const short = { steps: 4, innerEpochs: 2 };
  const straight = await trainRloo(task(short));
  const saved: TrainingProgress[] = [];
  const onStep = ({ step, progress }: RolloutStepReport): void => {
    if (step === 2) saved.push(structuredClone(progress));
  };
  await trainRloo(task(short, { onStep }));
  const resumed = await trainRloo(task(short, { resume: saved[0] }));
  expect(resumed.metrics).toEqual(straight.metrics);
  expect(checkpointHash(resumed.checkpoint)).toBe(checkpointHash(straight.checkpoint));
});
