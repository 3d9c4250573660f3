import { describe, expect, test } from 'vitest';
import { allLinear } from '#src/lm/lora/lora.js';
import { rewardWeightsFrom } from '#src/lm/files/weights.js';
import { trainableCheckpoint } from '../../../test/factories/training.js';
import type { RolloutStepReport } from '../rollouts/rollout-trainer.js';
import { completePpo, type PpoHyperparameters, type PpoTask, trainPpo } from './ppo.js';
import { prompts, score } from '../rollouts/printable.fixture.js';
import { checkpointHash } from '#src/lm/testing.fixture.js';

function task(given: Partial<PpoHyperparameters> = {}, rest: Partial<PpoTask> = {}): PpoTask {
  const hyperparameters = completePpo({
    learningRate: 0.02,
    valueLearningRate: 0.02,
    schedule: 'constant',
    beta: 0.001,
    steps: 14,
    promptsPerStep: 5,
    groupSize: 4,
    innerEpochs: 2,
    maxTokens: 10,
    evaluationPrompts: 5,
    ...given,
  });
  return { checkpoint: trainableCheckpoint(), prompts, score, hyperparameters, threads: 1, ...rest };
}

const few = { steps: 4, miniBatches: 2, klControl: 'adaptive', klTarget: 0.01, klHorizon: 50, learningRate: 0.01 } as const;

describe('a run', () => {
  test('raises the reward, and its value model comes to know it', async () => {
    const given = task();
    const before = checkpointHash(given.checkpoint);
    const { rewardBefore, rewardAfter, metrics } = await trainPpo(given);
    expect(rewardAfter).toBeGreaterThan(rewardBefore + 0.2);
    expect(metrics[0]['objective/kl']).toBeCloseTo(0, 4);
    expect(metrics[13]['objective/kl']).toBeGreaterThan(0.05);
    // Values of zero explain nothing.
    expect(metrics[0]['val/var_explained']).toBeCloseTo(0, 5);
    expect(metrics.slice(4).some((step) => step['val/var_explained'] > 0.1)).toBe(true);
    expect(metrics[0]['objective/rlhf_reward']).toBeCloseTo(metrics[0]['objective/scores'], 4);
    for (const name of ['objective/entropy', 'policy/approxkl_avg', 'policy/clipfrac_avg', 'loss/policy_avg', 'loss/value_avg', 'val/ratio', 'val/clipfrac_avg', 'entropy', 'kl'])
      expect(metrics[0], name).toHaveProperty(name);
    expect(metrics.flatMap((step) => Object.values(step)).every(Number.isFinite)).toBe(true);
    expect(checkpointHash(given.checkpoint)).toBe(before);
  });

  test('learns from completions that a copy in 8 bits wrote', async () => {
    const { rewardBefore, rewardAfter, metrics } = await trainPpo(task({ steps: 10, rolloutWeights: 'int8' }));
    expect(rewardAfter).toBeGreaterThan(rewardBefore + 0.1);
    for (const step of metrics) {
      expect(step['sampling/logp_difference_mean']).toBeGreaterThan(0);
      expect(Math.abs(step['sampling/importance_sampling_ratio_mean'] - 1)).toBeLessThan(0.05);
    }
  });

  test('with low-rank factors, and from a reward model', async () => {
    const base = trainableCheckpoint('reward');
    const valueStart = { ...base, config: { ...base.config, head: 'reward' as const }, tensors: rewardWeightsFrom(base.tensors, base.config, 1) };
    const { rewardBefore, rewardAfter, metrics } = await trainPpo(task({ steps: 10, lora: { rank: 4, alpha: 8, targetModules: allLinear } }, { valueStart }));
    expect(rewardAfter).toBeGreaterThan(rewardBefore + 0.05);
    // Its values are not those of a new head.
    expect(Math.abs(metrics[0]['val/var_explained'])).toBeGreaterThan(0.01);
    expect(() => trainPpo(task({}, { valueStart: base }))).toThrow('starts from a reward model');
  });

  test('the weight of the KL moves when it is adaptive', async () => {
    const coefficients = async (given: Partial<PpoHyperparameters>) => (await trainPpo(task({ ...few, ...given }))).metrics.map((step) => step['objective/kl_coef']);
    const [first, second, ...later] = await coefficients({});
    expect(first).toBe(0.001);
    // No KL yet: 20 completions of a horizon of 50 at the largest error.
    expect(second).toBeCloseTo(0.001 * (1 - (0.2 * 20) / 50), 9);
    expect(later.at(-1)).toBeGreaterThan(second);
    expect(new Set(await coefficients({ klControl: 'fixed', steps: 2 }))).toEqual(new Set([0.001]));
  });

  test('a step is the same in parts and with activations computed again', async () => {
    const given = { ...few, steps: 2, learningRate: 0.003 };
    const plain = await trainPpo(task(given));
    const { metrics } = await trainPpo(task({ ...given, microBatchTokens: 40, gradientCheckpointing: true }));
    metrics.forEach((step, i) => {
      for (const [name, value] of Object.entries(step)) expect(value, `${name} of step ${i + 1}`).toBeCloseTo(plain.metrics[i][name], 3);
    });
  });
});

test('resumed in the middle from what was saved it ends with the same bits, and another seed with others', async () => {
  const straight = await trainPpo(task(few));
  let saved: RolloutStepReport['progress'] | undefined;
  const onStep = ({ step, progress }: RolloutStepReport): void => {
    if (step === 2) saved = structuredClone(progress);
  };
  const again = await trainPpo(task(few, { onStep }));
  expect(again.metrics).toEqual(straight.metrics);
  const resumed = await trainPpo(task(few, { resume: saved }));
  expect(resumed.metrics).toEqual(straight.metrics);
  expect(checkpointHash(resumed.checkpoint)).toBe(checkpointHash(straight.checkpoint));
  expect(checkpointHash((await trainPpo(task({ ...few, steps: 1, seed: 2 }))).checkpoint)).not.toBe(
    checkpointHash((await trainPpo(task({ ...few, steps: 1 }))).checkpoint),
  );
});

test('a value loss that is not finite stops the run', async () => {
  const { stopped, metrics, checkpoint } = await trainPpo(task({ steps: 3, valueLearningRate: 1, beta: 0 }, { score: (items) => Promise.resolve({ total: items.map((_, i) => (i % 2) * 1e38) }) }));
  expect(stopped).toMatchObject({ reason: 'diverged', step: 1, detail: expect.stringContaining('loss') });
  expect(metrics).toEqual([]);
  expect(checkpointHash(checkpoint)).toBe(checkpointHash(task().checkpoint));
});
