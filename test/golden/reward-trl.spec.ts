// Reward training against TRL's RewardTrainer, 30 steps, and pair losses against torch (tools/oracles/reward_trl.py).
import { scheduleOf } from '#src/rl/settings.js';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { parseCheckpoint, type Checkpoint } from '#src/lm/files/checkpoint.js';
import { emitModel } from '#src/nn/emit.js';
import { grad } from '#src/nn/grad.js';
import { input, type Node } from '#src/nn/graph.js';
import { learningRate } from '#src/nn/optim/schedule.js';
import { Session } from '#src/nn/session.js';
import { f32, floats } from '#src/nn/tensor.js';
import { TrainState } from '#src/nn/train-state.js';
import { bradleyTerryLoss } from '#src/rl/losses/bradley-terry.js';
import { completeReward } from '#src/rl/methods/reward.js';
import { pointwiseLoss } from '#src/rl/losses/pointwise.js';
import { collate } from '#src/rl/batch/preference-batch.js';
import { RewardWeights } from '#src/rl/reward/reward-weights.js';

type Metric = 'loss' | 'grad_norm' | 'learning_rate' | 'accuracy' | 'margin' | 'mean_reward' | 'min_reward' | 'max_reward';

interface Golden {
  pairs: { prompt: number[]; chosen: number[]; rejected: number[]; margin: number }[];
  batches: number[][];
  settings: { learningRate: number; weightDecay: number; maxGradNorm: number };
  curves: Record<'plain' | 'marginsAndCentering', Record<Metric, number>[]>;
  losses: {
    inputs: Record<'chosen' | 'rejected' | 'weights' | 'margins' | 'tied', number[]>;
    settings: { labelSmoothing: number; tieThreshold: number; centering: number };
    cases: Record<'bradley_terry' | 'rao_kupper' | 'pointwise', { loss: number; onChosen: number[]; onRejected: number[] }>;
  };
}

const golden = JSON.parse(readFileSync(new URL('reward/trl.json', import.meta.url), 'utf8')) as Golden;

function rewardCheckpoint(): Checkpoint {
  const bytes = (file: string): Uint8Array => readFileSync(new URL(`families/llama-reward/${file}`, import.meta.url));
  const files = { 'config.json': bytes('config.json'), 'model.safetensors': bytes('model.safetensors') };
  return parseCheckpoint({ ...files, 'tokenizer.json': new TextEncoder().encode('{}') });
}

describe('TRL RewardTrainer, 30 steps', () => {
  let weights: RewardWeights | undefined;
  afterEach(() => weights?.dispose());

  test.each([
    ['plain', 0, 0],
    ['marginsAndCentering', 1, 0.01],
  ] as const)('%s', async (name, marginScale, centering) => {
    const base = rewardCheckpoint();
    const hyperparameters = completeReward({ ...golden.settings, centering, schedule: 'linear', warmupRatio: 0 });
    // As if resumed before the first step: the head is the checkpoint's, not one drawn from a seed.
    weights = new RewardWeights(base, hyperparameters, 1, TrainState.init(rewardCheckpoint().tensors).serialise());
    const curve = golden.curves[name];
    const worst: Partial<Record<Metric, number>> = {};
    for (const [step, expected] of curve.entries()) {
      const groups = golden.batches[step].map((i) => {
        const { prompt, chosen, rejected, margin } = golden.pairs[i];
        const texts = [chosen, rejected].map((completion) => ({ prompt, completion, truncated: false }));
        return { texts, pairs: [{ chosen: 0, rejected: 1, margin: marginScale * margin }] };
      });
      const rate = learningRate(scheduleOf(hyperparameters, curve.length), step);
      const { loss, gradNorm, metrics } = await weights.step([collate(groups, { padId: 0, attentionCost: 0 })], rate);
      const got: Record<Metric, number> = { loss, grad_norm: gradNorm, learning_rate: rate, ...metrics };
      for (const [metric, value] of Object.entries(expected) as [Metric, number][]) {
        // Rewards and margins pass through zero: their gap is measured by the size of what they are made of.
        const scale = metric === 'loss' || metric === 'grad_norm' || metric === 'learning_rate' ? Math.abs(value) : Math.max(1, Math.abs(value));
        worst[metric] = Math.max(worst[metric] ?? 0, Math.abs(got[metric] - value) / scale);
      }
    }
    if (process.env.SHOW_GAPS) console.log(name, worst);
    for (const [metric, gap] of Object.entries(worst)) expect(gap, metric).toBeLessThan(1e-3);
    expect(curve[29].loss).toBeLessThan(curve[0].loss / 2);
  });
});

describe('weighted losses with ties', () => {
  const { inputs, settings, cases } = golden.losses;
  const vector = (name: string): Node => input(name, 'float32', [8]);
  const pairs = { chosen: vector('chosen'), rejected: vector('rejected'), weights: vector('weights') };
  const [margin, tied] = [vector('margins'), vector('tied')];
  const { tieThreshold: threshold, ...options } = settings;
  const build: Record<keyof typeof cases, () => Node> = {
    bradley_terry: () => bradleyTerryLoss(pairs, { ...options, margin, ties: { tied, model: { kind: 'half' } } }),
    rao_kupper: () => bradleyTerryLoss(pairs, { ...options, margin, ties: { tied, model: { kind: 'rao_kupper', threshold } } }),
    pointwise: () => pointwiseLoss(pairs, { ...options, tied }),
  };

  test.each(Object.keys(cases) as (keyof typeof cases)[])('%s', async (name) => {
    const loss = build[name]();
    const [onChosen, onRejected] = grad(loss, [pairs.chosen, pairs.rejected]);
    const session = await Session.create(emitModel({ loss, onChosen, onRejected }));
    const results = await session.run(Object.fromEntries(Object.entries(inputs).map(([key, values]) => [key, f32(values, [8])])));
    await session.dispose();
    const expected = cases[name];
    expect(floats(results.loss)[0]).toBeCloseTo(expected.loss, 5);
    expected.onChosen.forEach((value, i) => expect(floats(results.onChosen)[i]).toBeCloseTo(value, 5));
    expected.onRejected.forEach((value, i) => expect(floats(results.onRejected)[i]).toBeCloseTo(value, 5));
  });
});
