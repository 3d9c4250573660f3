import { TrainingDivergedError } from '../step-loop.js';
import { expect, test, vi } from 'vitest';
import { Rng } from '#src/common/rng.js';
import { parseCheckpoint, serializeCheckpoint, type Checkpoint } from '#src/lm/files/checkpoint.js';
import { progressFile } from '#src/lm/files/progress-file.js';
import { trainBpe } from '../../../tools/starter/train-bpe.js';
import { initWeights } from '#src/lm/files/weights.js';
import { tinyConfig } from '#src/lm/model/tiny-model.fixture.js';
import { type GivenHyperparameters, completeReward, type RewardProgress, type RewardStep, type RewardTraining, trainRewardModel } from './reward.js';
import { type PreferenceGroup } from '../batch/preference-groups.js';
import { RewardScorer } from '../reward/reward-scorer.js';
import { checkpointHash, parseProgressFile } from '#src/lm/testing.fixture.js';

// Learning takes seconds, and a machine may be busy with other things.
vi.setConfig({ testTimeout: 240_000 });

const words = ['sun', 'moon', 'tree', 'stone', 'bird', 'lake', 'wind', 'rain'];

/** People prefer completions that say "thanks"; everything else about a completion is random. */
function polite(prompts: number, seed: string): PreferenceGroup[] {
  const rng = Rng.from(seed);
  const sentence = (length: number) => Array.from({ length }, () => words[rng.int(words.length)]);
  return Array.from({ length: prompts }, (_, i) => {
    const completions = Array.from({ length: 4 }, (_, k) => {
      const text = sentence(3 + rng.int(10));
      if (k % 2 === 0) text.splice(rng.int(text.length), 0, 'thanks');
      return text.join(' ');
    });
    const pairs = [0, 2].flatMap((chosen) => [1, 3].map((rejected) => ({ chosen, rejected, margin: 0 })));
    return { prompt: `${i} ${sentence(3).join(' ')}`, completions, pairs };
  });
}

const train = polite(96, 'train');
const held = polite(40, 'held out');

function policy(): Checkpoint {
  const tokenizer = trainBpe([[...words, 'thanks'].join(' ')], { merges: 60, specialTokens: ['<|pad|>', '<|end|>'], eos: '<|end|>', pad: '<|pad|>' });
  const config = { ...tinyConfig, hiddenSize: 32, intermediateSize: 64, vocabSize: 512 };
  return { config, tokenizer, tensors: initWeights(config, 'policy') };
}

async function fit(given: GivenHyperparameters, checkpoint = policy(), rest: Partial<RewardTraining> = {}) {
  const steps: RewardStep[] = [];
  const hyperparameters = completeReward({ batchSize: 32, maxTokens: 64, learningRate: 3e-3, ...given });
  const onStep = (step: RewardStep) => void steps.push(step);
  return { ...(await trainRewardModel({ checkpoint, groups: train, hyperparameters, onStep, ...rest })), curve: steps };
}

async function accuracy(checkpoint: Checkpoint): Promise<number> {
  const scorer = RewardScorer.load(checkpoint, { maxTokens: 64 });
  const items = held.flatMap(({ prompt, completions }) => completions.map((completion) => ({ prompt, completion })));
  const rewards = await scorer.score(items);
  await scorer.dispose();
  const rights = held.flatMap(({ pairs }, g) => pairs.map(({ chosen, rejected }) => Number(rewards[4 * g + chosen] > rewards[4 * g + rejected])));
  return rights.reduce((a, b) => a + b, 0) / rights.length;
}

test.each<[string, GivenHyperparameters]>([
  ['all weights, pairwise', { epochs: 6 }],
  ['all weights, pointwise', { epochs: 6, objective: 'pointwise' }],
  ['low-rank factors, pairwise', { epochs: 12, learningRate: 1e-2, lora: { rank: 4 } }],
])('learns a preference and holds it on prompts it never saw: %s', async (_name, given) => {
  const { checkpoint, curve, pairs } = await fit(given);
  expect(await accuracy(checkpoint)).toBeGreaterThan(0.9);
  expect(pairs).toBe(96 * 4);
  expect(curve.map(({ step }) => step)).toEqual(curve.map((_, i) => i + 1));
  expect(curve.length).toBe(curve[0].totalSteps);
  expect(curve[curve.length - 1].metrics.accuracy).toBeGreaterThan(0.9);
  expect(Object.keys(curve[0].metrics).sort()).toEqual(
    ['accuracy', 'grad_norm', 'learning_rate', 'loss', 'margin', 'max_reward', 'mean_reward', 'min_reward'].sort(),
  );
});

test('the checkpoint survives its files and scores the same', async () => {
  const { checkpoint } = await fit({ maxSteps: 3 });
  const again = parseCheckpoint(serializeCheckpoint(checkpoint));
  expect(again.config).toMatchObject({ head: 'reward' });
  expect(await accuracy(again)).toBe(await accuracy(checkpoint));
});

test('the same seed gives the same bits, another seed others', async () => {
  const run = async (seed: number) => checkpointHash((await fit({ maxSteps: 4, seed })).checkpoint);
  const first = await run(1);
  expect(await run(1)).toBe(first);
  expect(await run(2)).not.toBe(first);
});

test('the policy it starts from is left as it was; every trained parameter moves and no frozen one', async () => {
  const base = policy();
  const before = checkpointHash(base);
  const full = (await fit({ maxSteps: 2 }, base)).checkpoint;
  const lora = (await fit({ maxSteps: 2, lora: { rank: 2, targetModules: ['q_proj', 'v_proj'] } }, base)).checkpoint;
  expect(checkpointHash(base)).toBe(before);
  const moved = ({ tensors }: Checkpoint) =>
    Object.keys(tensors).filter((name) => name in base.tensors && Buffer.compare(bytes(tensors[name].data), bytes(base.tensors[name].data)) !== 0);
  expect(moved(full)).toEqual(Object.keys(full.tensors).filter((name) => name !== 'score.weight'));
  expect(moved(lora)).toEqual(Object.keys(lora.tensors).filter((name) => /\.[qv]_proj\./.test(name)));
});

const bytes = ({ buffer }: ArrayBufferView) => new Uint8Array(buffer);

test('a hand-made step: loss, accuracy and rewards of the first batch', async () => {
  // Before the first step the rewards are those of the untrained head, which the scorer computes by itself.
  const base = policy();
  const hyperparameters = completeReward({ batchSize: 8, maxTokens: 64, learningRate: 1e-9, centering: 0 });
  const groups = train.slice(0, 1);
  const steps: RewardStep[] = [];
  const { checkpoint } = await trainRewardModel({ checkpoint: base, groups, hyperparameters, onStep: (step) => void steps.push(step) });
  const scorer = RewardScorer.load(checkpoint, { maxTokens: 64 });
  const [{ prompt, completions, pairs }] = groups;
  const rewards = await scorer.score(completions.map((completion) => ({ prompt, completion })));
  await scorer.dispose();
  const gaps = pairs.map(({ chosen, rejected }) => rewards[chosen] - rewards[rejected]);
  const { metrics } = steps[0];
  expect(metrics.loss).toBeCloseTo(gaps.reduce((sum, gap) => sum + Math.log1p(Math.exp(-gap)), 0) / 4, 4);
  expect(metrics.margin).toBeCloseTo(gaps.reduce((a, b) => a + b, 0) / 4, 4);
  expect(metrics.accuracy).toBe(gaps.filter((gap) => gap > 0).length / 4);
  expect(metrics.min_reward).toBeCloseTo(Math.min(...rewards), 4);
  expect(metrics.max_reward).toBeCloseTo(Math.max(...rewards), 4);
  expect(metrics.mean_reward).toBeCloseTo(rewards.reduce((a, b) => a + b, 0) / 4, 4);
});

test.each<[string, GivenHyperparameters]>([
  ['in parts', { microBatchTokens: 100 }],
  ['with activations computed again', { gradientCheckpointing: true }],
  ['in parts, computed again, low-rank', { microBatchTokens: 60, gradientCheckpointing: true, lora: { rank: 4 } }],
])('the steps of a batch are the same %s', async (_name, saving) => {
  const { lora } = saving;
  const plain = (await fit({ maxSteps: 6, lora })).curve;
  const { curve } = await fit({ maxSteps: 6, ...saving });
  curve.forEach(({ metrics, pairs, tokens }, i) => {
    expect([pairs, tokens]).toEqual([plain[i].pairs, plain[i].tokens]);
    for (const [name, value] of Object.entries(metrics)) expect(value, `${name} of step ${i + 1}`).toBeCloseTo(plain[i].metrics[name as 'loss'], 4);
  });
});

test.each<[string, GivenHyperparameters]>([
  ['pointwise', { objective: 'pointwise', labelSmoothing: 0.1, centering: 0.1 }],
  ['with ties of their own probability', { ties: 'rao_kupper', marginPerPoint: 0.5, centering: 0.1 }],
  ['with ties that are half a win', { ties: 'half', labelSmoothing: 0.2 }],
])('a step divides by the pairs of all of its parts, whatever the loss: %s', async (_name, given) => {
  // Weights differ, and every fifth prompt's pairs weigh nothing: alone in a part they have no mean.
  const groups = train.slice(0, 24).map((group, g) => ({
    ...group,
    pairs: group.pairs.map((pair, p) => ({ ...pair, margin: p / 4, tie: p === 3, weight: g % 5 === 0 ? 0 : 1 + p })),
  }));
  const settings = { ...given, batchSize: 32, maxSteps: 3 };
  const plain = (await fit(settings, policy(), { groups })).curve;
  const { curve } = await fit({ ...settings, microBatchTokens: 50 }, policy(), { groups });
  expect(curve).toHaveLength(3);
  curve.forEach(({ metrics }, i) => {
    for (const [name, value] of Object.entries(metrics)) expect(value, `${name} of step ${i + 1}`).toBeCloseTo(plain[i].metrics[name as 'loss'], 4);
  });
});

test('stops at the next step when aborted', async () => {
  const controller = new AbortController();
  controller.abort(new Error('enough'));
  await expect(fit({}, policy(), { signal: controller.signal })).rejects.toThrow('enough');
});

test('a loss that is no number ends training with the last weights from which a step went well', async () => {
  // A margin that is infinite, in one of twelve steps.
  const groups = [{ ...train[0], pairs: train[0].pairs.map((pair) => ({ ...pair, margin: Infinity })) }, ...train.slice(1, 12)];
  const settings = { batchSize: 4, warmupRatio: 0, schedule: 'constant' as const };
  const { checkpoint, curve, ended, steps, keptStep } = await fit(settings, policy(), { groups });
  expect(curve.length).toBeGreaterThan(1);
  expect(ended).toMatchObject({ reason: 'diverged', step: curve.length });
  expect(ended!.message).toContain(`the loss of step ${curve.length + 1} is`);
  expect([steps, keptStep]).toEqual([curve.length, curve.length - 1]);
  const short = await fit({ ...settings, maxSteps: keptStep }, policy(), { groups });
  expect(checkpointHash(short.checkpoint)).toBe(checkpointHash(checkpoint));
});

test.each<[string, GivenHyperparameters, { steps: number; keptStep: number; message: string }]>([
  ['by the first update', { lora: { rank: 4, alpha: 1e30 } }, { steps: 1, keptStep: 0, message: 'the loss of step 2 is' }],
  ['by the last update, which no step follows', { lora: { rank: 4, alpha: 1e30 }, maxSteps: 1 }, { steps: 1, keptStep: 0, message: 'the loss after step 1 is' }],
  [
    'by the first update, seen in validation',
    { lora: { rank: 4, alpha: 1e30 }, earlyStopping: { evaluateEvery: 1 } },
    { steps: 0, keptStep: 0, message: 'the validation loss after step 1 is' },
  ],
])('weights spoilt %s are not kept', async (_name, given, { message, ...expected }) => {
  const start = { maxSteps: 3, learningRate: 1e-2, warmupRatio: 0, ...given };
  const { checkpoint, ended, steps, keptStep } = await fit(start, policy(), { validation: held.slice(0, 4) });
  expect({ steps, keptStep }).toEqual(expected);
  expect(ended).toMatchObject({ reason: 'diverged', step: steps, message: expect.stringContaining(message) });
  expect(await accuracy(checkpoint)).toBeGreaterThan(0);
  for (const { data } of Object.values(checkpoint.tensors)) expect((data as Float32Array).every(Number.isFinite)).toBe(true);
});

test('a policy that is broken cannot be started from', async () => {
  const broken = policy();
  (broken.tensors['model.norm.weight'].data as Float32Array).fill(Number.NaN);
  await expect(fit({ maxSteps: 2 }, broken)).rejects.toThrow(TrainingDivergedError);
});

test.each<[string, GivenHyperparameters]>([
  ['all weights', {}],
  ['low-rank factors, early stopping', { lora: { rank: 2 }, earlyStopping: { evaluateEvery: 2, patience: 2 } }],
  ['low-rank factors with dropout, in parts', { lora: { rank: 2, dropout: 0.2 }, microBatchTokens: 60 }],
])('resumed after any step it comes to the same bits: %s', async (_name, given) => {
  const settings = { maxSteps: 6, ...given };
  const validation = held.slice(0, 6);
  const straight = await fit(settings, policy(), { validation });
  for (const killedAt of [1, 3, 4]) {
    const stopper = new AbortController();
    let saved: Uint8Array = new Uint8Array();
    const onStep = ({ step, progress }: RewardStep) => {
      if (step !== killedAt) return;
      saved = Buffer.concat([...progressFile('a model', progress).chunks]);
      stopper.abort(new Error('killed'));
    };
    await expect(fit(settings, policy(), { validation, onStep, signal: stopper.signal })).rejects.toThrow('killed');
    const resumed = await fit(settings, policy(), { validation, resume: parseProgressFile<RewardProgress>('a model', saved) });
    expect(checkpointHash(resumed.checkpoint)).toBe(checkpointHash(straight.checkpoint));
    expect(resumed.curve.map(({ metrics }) => metrics)).toEqual(straight.curve.slice(killedAt).map(({ metrics }) => metrics));
    expect([resumed.keptStep, resumed.ended]).toEqual([straight.keptStep, straight.ended]);
  }
});

test('early stopping keeps the best weights by what it never learned from', async () => {
  // Far too fast: the loss soon gets worse again.
  const rushed = { epochs: 6, learningRate: 0.05, schedule: 'constant' as const, earlyStopping: { evaluateEvery: 3, patience: 2 } };
  const { checkpoint, curve, ended, keptStep, steps } = await fit(rushed, policy(), { validation: held });
  const evaluations = curve.filter(({ metrics }) => metrics.eval_loss !== undefined);
  expect(evaluations.map(({ step }) => step)).toEqual(evaluations.map((_, i) => 3 * (i + 1)));
  expect(ended).toMatchObject({ reason: 'no_improvement', step: steps });
  const best = Math.min(...evaluations.map(({ metrics }) => metrics.eval_loss!));
  expect(evaluations.find(({ step }) => step === keptStep)!.metrics.eval_loss).toBe(best);
  expect(keptStep).toBe(steps - 6);
  expect(await accuracy(checkpoint)).toBeCloseTo(evaluations.find(({ step }) => step === keptStep)!.metrics.eval_accuracy!, 6);
  await expect(fit(rushed)).rejects.toThrow('no pairs');
});

test('a tie pulls two rewards together; a pair without weight is not there', async () => {
  const [group] = train;
  const one = (change: object): PreferenceGroup => ({ ...group, pairs: [{ ...group.pairs[0], ...change }, { ...group.pairs[3] }] });
  const gap = async (groups: PreferenceGroup[]) => {
    const { curve } = await fit({ epochs: 30, ties: 'half', centering: 0 }, policy(), { groups });
    return curve[curve.length - 1].metrics;
  };
  const [tied, half] = [await gap([one({ tie: true })]), await gap([one({ weight: 0.001 })])];
  const alone = await gap([{ ...group, pairs: [group.pairs[3]] }]);
  // Accuracy and margin are over the pair that is decided.
  expect(tied.accuracy).toBe(1);
  expect(tied.loss).toBeGreaterThan(0.3);
  expect(half.loss).toBeCloseTo(alone.loss, 2);
});
