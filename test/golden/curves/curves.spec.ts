// Thirty steps beside TRL's own DPOTrainer, KTOTrainer and GRPOTrainer (tools/oracles/trl_curves.py): the same tokens, rewards and
// order, and every loss and figure must agree to 1e-3. docs/algorithms.md says which settings make them the same.
import { sumCompletions } from '#src/rl/datasets/reference.js';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseCheckpoint, type Checkpoint } from '#src/lm/files/checkpoint.js';
import { attentionCost } from '#src/lm/text/packing.js';
import { type Metrics } from '#src/lm/files/training-progress.js';
import { floats } from '#src/nn/tensor.js';
import { groupAdvantages } from '#src/rl/losses/advantages.js';
import { packCompletions } from '#src/rl/batch/completion-batch.js';
import { completeDpo, dpoGraph, packPairs } from '#src/rl/methods/dpo.js';
import { GroupLearner } from '#src/rl/rollouts/group-learner.js';
import { packParts } from '#src/rl/batch/group-batch.js';
import { completeGrpo, grpoGraph } from '#src/rl/methods/grpo.js';
import { completeKto, ktoGraph, packJudged, ReferencePoint } from '#src/rl/methods/kto.js';
import { PolicyWeights } from '#src/rl/policy/policy-weights.js';
import { TokenLogProbs } from '#src/rl/policy/token-log-probs.js';

type Curve = { losses: number[]; grad_norm: number[] } & Record<string, number[]>;
interface Golden {
  settings: { learningRate: number; maxGradNorm: number; dpoBeta: number; ktoBeta: number; desirableWeight: number; undesirableWeight: number; grpoBeta: number; clip: number };
  pairsPerStep: number;
  judgedPerStep: number;
  promptsPerStep: number;
  dpo: { pairs: { prompt: number[]; chosen: number[]; rejected: number[] }[]; curve: Curve };
  kto: { judged: { prompt: number[]; completion: number[]; desirable: boolean }[]; curve: Curve };
  grpo: { groups: { prompt: number[]; completions: number[][]; rewards: number[] }[]; curve: Curve };
}

const { settings, pairsPerStep, judgedPerStep, promptsPerStep, dpo, kto, grpo } = JSON.parse(readFileSync(new URL('curves.json', import.meta.url), 'utf8')) as Golden;
const { learningRate, maxGradNorm } = settings;

function checkpoint(): Checkpoint {
  const bytes = (file: string): Uint8Array => readFileSync(new URL(`../families/llama-tied/${file}`, import.meta.url));
  const files = { 'config.json': bytes('config.json'), 'model.safetensors': bytes('model.safetensors') };
  return parseCheckpoint({ ...files, 'tokenizer.json': new TextEncoder().encode('{}') });
}

/** Relative, and to a fiftieth of the largest value where a figure is nearly zero: rounding does not become smaller there. */
function expectSame(curve: Curve, names: Record<string, string>, ours: readonly Metrics[], tolerance = 1e-3): void {
  expect(ours).toHaveLength(30);
  for (const [theirs, own] of Object.entries(names)) {
    const scale = Math.max(...curve[theirs].map(Math.abs));
    ours.forEach((step, i) => {
      const gap = Math.abs(step[own] - curve[theirs][i]);
      expect(gap / Math.max(Math.abs(curve[theirs][i]), scale / 50), `${theirs} of step ${i + 1}: ${step[own]}, TRL has ${curve[theirs][i]}`).toBeLessThan(tolerance);
    });
  }
}

const batches = <T>(items: readonly T[], size: number): T[][] => Array.from({ length: items.length / size }, (_, b) => items.slice(b * size, (b + 1) * size));

test('direct preference optimization', async () => {
  const start = checkpoint();
  const cost = attentionCost(start.config);
  const hp = completeDpo({ beta: settings.dpoBeta, learningRate, maxGradNorm });
  const weights = new PolicyWeights(start, hp);
  const optimizer = weights.trainStep((model, feeds) => dpoGraph(model, feeds, hp, false), 1);
  const reference = new TokenLogProbs(start, 1, 1);
  const ours: Metrics[] = [];
  for (const pairs of batches(dpo.pairs, pairsPerStep)) {
    const groups = pairs.map(({ prompt, chosen, rejected }) => ({
      promptIds: prompt,
      completions: [{ tokenIds: chosen }, { tokenIds: rejected }],
      pairs: [{ chosen: 0, rejected: 1 }],
    }));
    const batch = packCompletions(groups, cost);
    const sums = sumCompletions(floats(await reference.of(batch)), batch);
    const known = groups.map((group, g) => ({ ...group, refLogProbs: sums.slice(2 * g, 2 * g + 2) }));
    const parts = packPairs(known, null, cost).map(({ feeds }) => ({ feeds, weight: 1 }));
    const { reports, gradNorm } = await optimizer.runParts(parts, learningRate);
    ours.push({ ...reports[0].metrics, loss: reports[0].loss, gradNorm });
  }
  await reference.dispose();
  await optimizer.dispose();
  expectSame(dpo.curve, { losses: 'loss', grad_norm: 'gradNorm', 'rewards/margins': 'rewards/margins', 'rewards/chosen': 'rewards/chosen' }, ours);
});

test('Kahneman-Tversky optimization', async () => {
  const start = checkpoint();
  const cost = attentionCost(start.config);
  const { ktoBeta: beta, desirableWeight, undesirableWeight } = settings;
  const hp = completeKto({ beta, desirableWeight, undesirableWeight, learningRate, maxGradNorm });
  const weights = new PolicyWeights(start, hp);
  const optimizer = weights.trainStep((model, feeds) => ktoGraph(model, feeds, hp), 1);
  const reference = new TokenLogProbs(start, 1, 1);
  const point = new ReferencePoint(reference, weights.model, { cost, longest: start.config.maxPositionEmbeddings, maxTokens: null, threads: 1 });
  const ours: Metrics[] = [];
  for (const judged of batches(kto.judged, judgedPerStep)) {
    const groups = judged.map(({ prompt, completion, desirable }) => ({ promptIds: prompt, completions: [{ tokenIds: completion }], desirable: [desirable], pairs: [], places: [0] }));
    const batch = packCompletions(groups, cost);
    const sums = sumCompletions(floats(await reference.of(batch)), batch);
    const known = groups.map((group, g) => ({ ...group, refLogProbs: [sums[g]] }));
    const estimated = await point.of(groups);
    const parts = packJudged(known, hp, null, cost).map(({ feeds }) => ({ feeds: { ...feeds, ...estimated }, weight: 1 }));
    const { reports, gradNorm } = await optimizer.runParts(parts, learningRate);
    ours.push({ ...reports[0].metrics, loss: reports[0].loss, gradNorm });
  }
  await point.dispose();
  await reference.dispose();
  await optimizer.dispose();
  expect(kto.curve.kl.filter((value) => value > 0).length).toBeGreaterThan(5);
  const names = { losses: 'loss', grad_norm: 'gradNorm', kl: 'kl', 'rewards/chosen': 'rewards/chosen', 'rewards/rejected': 'rewards/rejected', 'rewards/margins': 'rewards/margins' };
  expectSame(kto.curve, names, ours);
});

test('group relative policy optimization', async () => {
  const start = checkpoint();
  const cost = attentionCost(start.config);
  const hp = completeGrpo({ beta: settings.grpoBeta, clipLow: settings.clip, clipHigh: settings.clip, learningRate, maxGradNorm, groupSize: 4 });
  const weights = new PolicyWeights(start, hp);
  const reference = new TokenLogProbs(start, 1, 1);
  const learner = new GroupLearner(
    {
      graph: (model, batch) => grpoGraph(model, batch, hp),
      lesson: ({ rewards }) => Promise.resolve({ ...groupAdvantages(rewards, hp.groupSize, true), metrics: {} }),
      pack: (groups, attention, all) => packParts(groups, null, attention, hp, all),
      klInLoss: true,
    },
    hp,
    { weights, reference, attentionCost: cost, threads: 1 },
  );
  const ours: Metrics[] = [];
  for (const [step, given] of batches(grpo.groups, promptsPerStep).entries()) {
    const groups = given.map(({ prompt, completions }) => ({ promptIds: prompt, completions: completions.map((tokenIds) => ({ tokenIds, advantage: 0 })) }));
    const rewards = given.flatMap((group) => group.rewards);
    const logProbs = () => Promise.reject(new Error('nothing asks for these'));
    const { metrics } = await learner.learn({ step, groups, rewards, pace: 1, logProbs, measured: false });
    ours.push(metrics);
  }
  await reference.dispose();
  await learner.dispose();
  expectSame(grpo.curve, { losses: 'loss', kl: 'kl', entropy: 'entropy' }, ours);
  // Advantages of a group add up to zero, so that gradients of what its completions share cancel down to rounding, which
  // AdamW scales up to whole steps: seen on the day of writing, 0.003.
  expectSame(grpo.curve, { grad_norm: 'grad_norm' }, ours, 0.01);
});
