import { describe, expect, test } from 'vitest';
import { allLinear } from '#src/lm/lora/lora.js';
import { progressFile } from '#src/lm/files/progress-file.js';
import { floats, type Tensor } from '#src/nn/tensor.js';
import { trainableCheckpoint } from '../../../test/factories/training.js';
import { completeGrpo, type GrpoHyperparameters, trainGrpo } from './grpo.js';
import type { RolloutStepReport, RolloutTask } from '../rollouts/rollout-trainer.js';
import type { ScoredText } from '../rollouts/rollouts.js';
import { type TrainingProgress } from '#src/lm/files/training-progress.js';
import { printable, prompts, score } from '../rollouts/printable.fixture.js';
import { checkpointHash, parseProgressFile } from '#src/lm/testing.fixture.js';

function task(given: Partial<GrpoHyperparameters> = {}, rest: Partial<RolloutTask<GrpoHyperparameters>> = {}): RolloutTask<GrpoHyperparameters> {
  const hyperparameters = completeGrpo({
    learningRate: 0.05,
    schedule: 'constant',
    beta: 0.01,
    steps: 20,
    promptsPerStep: 4,
    groupSize: 6,
    maxTokens: 10,
    evaluationPrompts: 5,
    ...given,
  });
  return { checkpoint: trainableCheckpoint(), prompts, score, hyperparameters, threads: 1, ...rest };
}

describe('20 steps against a synthetic reward', () => {
  test('the reward goes up, and every metric is there and finite', async () => {
    const given = task();
    const before = checkpointHash(given.checkpoint);
    const { rewardBefore, rewardAfter, metrics, checkpoint } = await trainGrpo(given);
    expect(rewardAfter).toBeGreaterThan(rewardBefore + 0.2);
    expect(metrics).toHaveLength(20);
    expect(metrics[19].reward).toBeGreaterThan(metrics[0].reward + 0.2);
    expect(metrics[0].kl).toBeCloseTo(0, 5);
    // The last steps may have had nothing left to learn.
    expect(metrics.findLast((step) => 'kl' in step)!.kl).toBeGreaterThan(0.01);
    expect(Object.keys(metrics[0]).sort()).toEqual([
      'clip_ratio/high_mean',
      'clip_ratio/low_mean',
      'clip_ratio/region_mean',
      'completions/clipped_ratio',
      'completions/max_length',
      'completions/mean_length',
      'entropy',
      'frac_reward_zero_std',
      'grad_norm',
      'kl',
      'learning_rate',
      'loss',
      'reward',
      'reward_length_correlation',
      'reward_std',
      'zero_variance_groups',
    ]);
    expect(metrics.flatMap((step) => Object.values(step)).every(Number.isFinite)).toBe(true);
    expect(checkpointHash(given.checkpoint)).toBe(before);
    expect(checkpointHash(checkpoint)).not.toBe(before);
  });

  test.each<[string, Partial<GrpoHyperparameters>]>([
    ['averaged by completion', { lossType: 'grpo' }],
    ['with weights that never change', { lossType: 'dr_grpo' }],
    ['with ratios of whole completions', { importanceSampling: 'sequence', innerEpochs: 2 }],
    ['without a reference', { beta: 0 }],
  ])('the reward goes up %s', async (_name, given) => {
    const { rewardBefore, rewardAfter } = await trainGrpo(task(given));
    expect(rewardAfter).toBeGreaterThan(rewardBefore + 0.1);
  });

  test.each<[string, Partial<GrpoHyperparameters>]>([
    ['in parts', { microBatchTokens: 40 }],
    ['in parts, divided by the longest completion', { microBatchTokens: 40, lossType: 'dr_grpo' }],
    ['in parts, averaged by completion', { microBatchTokens: 40, lossType: 'grpo', importanceSampling: 'sequence' }],
    ['with activations computed again', { gradientCheckpointing: true }],
    ['in parts, computed again, low-rank', { microBatchTokens: 40, gradientCheckpointing: true, lora: { rank: 4, alpha: 8, targetModules: allLinear } }],
  ])('a step is the same %s', async (_name, saving) => {
    const given = { ...saving, steps: 3, innerEpochs: 2, learningRate: 0.01 };
    const plain = await trainGrpo(task({ ...given, microBatchTokens: null, gradientCheckpointing: false }));
    const { metrics } = await trainGrpo(task(given));
    metrics.forEach((step, i) => {
      for (const [name, value] of Object.entries(step)) expect(value, `${name} of step ${i + 1}`).toBeCloseTo(plain.metrics[i][name], 4);
    });
  });

  test('low-rank factors learn too, and come back merged into the base', async () => {
    const lora = { rank: 4, alpha: 8, targetModules: allLinear };
    const given = task({ lora });
    const { rewardBefore, rewardAfter, checkpoint } = await trainGrpo(given);
    expect(rewardAfter).toBeGreaterThan(rewardBefore + 0.1);
    expect(Object.keys(checkpoint.tensors).sort()).toEqual(Object.keys(given.checkpoint.tensors).sort());
    const moved = (name: string) => !same(checkpoint.tensors[name], given.checkpoint.tensors[name]);
    expect(moved('model.layers.0.self_attn.q_proj.weight')).toBe(true);
    expect(moved('model.embed_tokens.weight')).toBe(false);
  });
});

describe('the same task gives the same bits', () => {
  const short = { steps: 4, innerEpochs: 2 };

  test('twice, and otherwise with another seed', async () => {
    const [a, b, c] = [
      await trainGrpo(task(short)),
      await trainGrpo(task(short)),
      await trainGrpo(task({ ...short, seed: 2 })),
    ];
    expect(b.metrics).toEqual(a.metrics);
    expect(checkpointHash(b.checkpoint)).toBe(checkpointHash(a.checkpoint));
    expect(b.rewardAfter).toBe(a.rewardAfter);
    expect(checkpointHash(c.checkpoint)).not.toBe(checkpointHash(a.checkpoint));
  });

  test('resumed in the middle from what was saved', async () => {
    const straight = await trainGrpo(task(short));
    const stopper = new AbortController();
    let saved = new Uint8Array();
    const onStep = ({ step, progress }: RolloutStepReport) => {
      if (step !== 2) return;
      saved = Buffer.concat([...progressFile('a run', progress).chunks]);
      stopper.abort(new Error('killed'));
    };
    await expect(trainGrpo(task(short, { onStep, signal: stopper.signal }))).rejects.toThrow('killed');
    const resumed = await trainGrpo(task(short, { resume: parseProgressFile<TrainingProgress>('a run', saved) }));
    expect(resumed.metrics).toEqual(straight.metrics);
    expect(resumed.rewardBefore).toBe(straight.rewardBefore);
    expect(checkpointHash(resumed.checkpoint)).toBe(checkpointHash(straight.checkpoint));
  });
});

describe('completions written by a copy in fewer bits', () => {
  const [ratio, gap] = ['sampling/importance_sampling_ratio_mean', 'sampling/logp_difference_mean'];
  const lora = { rank: 4, alpha: 8, targetModules: allLinear };

  test.each<[string, Partial<GrpoHyperparameters>]>([
    ['8 bits, all weights', { rolloutWeights: 'int8' }],
    ['4 bits, several epochs', { rolloutWeights: 'int4', innerEpochs: 2, temperature: 0.8 }],
    ['8 bits, low-rank factors', { rolloutWeights: 'int8', lora }],
  ])('the reward goes up, and the copy stays close: %s', async (_name, given) => {
    const { rewardBefore, rewardAfter, metrics } = await trainGrpo(task(given));
    expect(rewardAfter).toBeGreaterThan(rewardBefore + 0.1);
    const learned = metrics.filter((step) => 'loss' in step);
    expect(learned.length).toBeGreaterThan(0);
    for (const step of learned) {
      expect(step[gap]).toBeGreaterThan(0);
      // A copy that was not made anew after each step would be further off than rounding is.
      expect(step[gap]).toBeLessThan(given.rolloutWeights === 'int4' ? 0.5 : 0.05);
      expect(Math.abs(step[ratio] - 1)).toBeLessThan(given.rolloutWeights === 'int4' ? 0.3 : 0.03);
    }
    expect(metrics.flatMap((step) => Object.values(step)).every(Number.isFinite)).toBe(true);
  });

  test('are for learning: evaluations are those of full weights', async () => {
    const [few, full] = [await trainGrpo(task({ steps: 1, rolloutWeights: 'int4' })), await trainGrpo(task({ steps: 1 }))];
    expect(few.rewardBefore).toBe(full.rewardBefore);
    expect(few.metrics[0][ratio]).not.toBe(1);
    expect(full.metrics[0]).not.toHaveProperty(ratio);
  });

  test('resumed they are the same', async () => {
    const given = { steps: 4, rolloutWeights: 'int8', lora } as const;
    let saved = new Uint8Array();
    const onStep = ({ step, progress }: RolloutStepReport) => {
      if (step === 2) saved = Buffer.concat([...progressFile('a run', progress).chunks]);
    };
    const straight = await trainGrpo(task(given, { onStep }));
    const resumed = await trainGrpo(task(given, { resume: parseProgressFile<TrainingProgress>('a run', saved) }));
    expect(resumed.metrics).toEqual(straight.metrics);
    expect(checkpointHash(resumed.checkpoint)).toBe(checkpointHash(straight.checkpoint));
  });
});

test('every trainable parameter moves', async () => {
  const given = task({ steps: 1 });
  const { checkpoint } = await trainGrpo(given);
  const still = Object.keys(given.checkpoint.tensors).filter((name) =>
    same(checkpoint.tensors[name], given.checkpoint.tensors[name]),
  );
  expect(still).toEqual([]);
});

test('the first inner epoch has ratio 1, later ones move away and are measured against the first', async () => {
  const one = await trainGrpo(task({ steps: 1, beta: 0 }));
  expect(one.metrics[0]['clip_ratio/region_mean']).toBe(0);
  expect(one.metrics[0]).not.toHaveProperty('kl');
  const many = await trainGrpo(task({ steps: 1, innerEpochs: 4, learningRate: 0.05, warmupSteps: 0 }));
  expect(many.metrics[0]['clip_ratio/region_mean']).toBeGreaterThan(0);
});

test('samples carry reward and advantage; a length penalty is part of the reward', async () => {
  const reports: RolloutStepReport[] = [];
  await trainGrpo(task({ steps: 1, lengthPenalty: 0.5 }, { onStep: (report) => void reports.push(report) }));
  const [{ samples, step }] = reports;
  expect(step).toBe(1);
  expect(samples).toHaveLength(24);
  for (const { reward, text, tokenIds } of samples)
    expect(reward).toBeCloseTo(printable(text) - (0.5 * tokenIds.length) / 10, 9);
  for (let g = 0; g < 4; g++) {
    const group = samples.slice(g * 6, (g + 1) * 6);
    expect(new Set(group.map(({ prompt }) => prompt.id)).size).toBe(1);
    expect(group.reduce((total, { advantage }) => total + advantage, 0)).toBeCloseTo(0, 9);
  }
});

const same = (a: Tensor, b: Tensor) => floats(a).every((value, i) => value === floats(b)[i]);

describe('groups without variance', () => {
  /** One prompt's completions all score the same. */
  const partly = (items: readonly ScoredText[]) =>
    Promise.resolve({ total: items.map(({ prompt, completion }) => (prompt === 'who?' ? 1 : printable(completion))) });

  test('are counted and skipped, and the step is that of all groups', async () => {
    const given = { steps: 2, innerEpochs: 2, beta: 0, promptsPerStep: 5, learningRate: 0.01 };
    const { metrics } = await trainGrpo(task(given, { score: partly }));
    expect(metrics[0]).toMatchObject({ zero_variance_groups: 1, frac_reward_zero_std: 0.2 });
    // The same reward for one prompt in a hundredth of the deviation that counts as none: computed, and worth nothing.
    const nearly = (items: readonly ScoredText[]) =>
      partly(items).then(({ total }) => ({ total: total.map((value, i) => (items[i].prompt === 'who?' ? value + 1e-7 * (i % 2) : value)) }));
    const computed = await trainGrpo(task(given, { score: nearly }));
    expect(computed.metrics[0].zero_variance_groups).toBe(0);
    expect(metrics[0].grad_norm).toBeCloseTo(computed.metrics[0].grad_norm, 2);
    expect(metrics[0].loss).toBeCloseTo(computed.metrics[0].loss, 2);
  });

  test('where there are no others the step is recorded and nothing moves', async () => {
    const given = task({ steps: 2 }, { score: (items) => Promise.resolve({ total: items.map(() => 1) }) });
    const { metrics, checkpoint } = await trainGrpo(given);
    expect(metrics).toHaveLength(2);
    expect(metrics[0]).toMatchObject({ reward: 1, frac_reward_zero_std: 1, zero_variance_groups: 4 });
    expect(metrics[0]).not.toHaveProperty('loss');
    expect(checkpointHash(checkpoint)).toBe(checkpointHash(given.checkpoint));
  });
});

describe('a run that ends early', () => {
  const bitsOf = async (given: Partial<GrpoHyperparameters>) => checkpointHash((await trainGrpo(task(given))).checkpoint);
  const steady = { schedule: 'constant', warmupSteps: 0 } as const;

  test('diverged: the weights are those before the step that spoilt them', async () => {
    // A step of this size makes weights of which nothing finite can be computed.
    const given = { ...steady, steps: 4, learningRate: 1e30 };
    const { stopped, checkpoint, metrics, rewardAfter, rewardBefore } = await trainGrpo(task(given));
    expect(stopped).toMatchObject({ reason: 'diverged', step: 2 });
    expect(metrics).toHaveLength(1);
    expect(rewardAfter).toBe(rewardBefore);
    expect(checkpointHash(checkpoint)).toBe(checkpointHash(task().checkpoint));
  });

  test('diverged in its last step, and broken from the start', async () => {
    const last = await trainGrpo(task({ ...steady, steps: 1, learningRate: 1e39 }));
    expect(last.stopped).toMatchObject({ reason: 'diverged', step: 1 });
    expect(checkpointHash(last.checkpoint)).toBe(checkpointHash(task().checkpoint));
    const given = task();
    floats(given.checkpoint.tensors['model.norm.weight']).fill(NaN);
    await expect(trainGrpo(given)).rejects.toThrow('log-probability NaN');
  });

  test('over its KL budget: the weights are the last within it, also when it was resumed', async () => {
    const given = { ...steady, steps: 12, learningRate: 0.003, beta: 0, klBudget: 0.02 };
    const saved: RolloutStepReport['progress'][] = [];
    const run = await trainGrpo(task(given, { onStep: ({ progress }) => void saved.push(structuredClone(progress)) }));
    const { stopped, metrics, checkpoint } = run;
    expect(stopped).toMatchObject({ reason: 'kl_budget', step: metrics.length + 1 });
    expect(metrics.length).toBeGreaterThan(1);
    expect(metrics.every(({ kl_k3 }) => kl_k3 <= 0.02)).toBe(true);
    expect(checkpointHash(checkpoint)).toBe(await bitsOf({ ...given, klBudget: null, steps: metrics.length - 1 }));
    const resumed = await trainGrpo(task(given, { resume: saved[metrics.length - 1] }));
    expect(resumed.stopped).toEqual(stopped);
    expect(checkpointHash(resumed.checkpoint)).toBe(checkpointHash(checkpoint));
  });
});
