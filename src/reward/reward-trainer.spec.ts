import { expect, test, vi } from 'vitest';
import { Rng } from '#src/common/rng.js';
import { checkpointHash, parseCheckpoint, serializeCheckpoint, type Checkpoint } from '#src/lm/checkpoint.js';
import { trainBpe } from '#src/lm/train-bpe.js';
import { initWeights } from '#src/lm/weights.js';
import { tinyConfig } from '#src/lm/tiny-model.fixture.js';
import { resolveHyperparameters, type GivenHyperparameters } from './hyperparameters.js';
import { type PreferenceGroup } from './preference-groups.js';
import { RewardScorer } from './reward-scorer.js';
import { trainRewardModel, TrainingDivergedError, type RewardStep } from './reward-trainer.js';

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

async function fit(given: GivenHyperparameters, checkpoint = policy(), signal?: AbortSignal) {
  const steps: RewardStep[] = [];
  const hyperparameters = resolveHyperparameters({ batchSize: 32, maxTokens: 64, learningRate: 3e-3, ...given });
  const onStep = (step: RewardStep) => void steps.push(step);
  return { ...(await trainRewardModel({ checkpoint, groups: train, hyperparameters, onStep, signal })), curve: steps };
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
  const hyperparameters = resolveHyperparameters({ batchSize: 8, maxTokens: 64, learningRate: 1e-9, centering: 0 });
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

test('stops at the next step when aborted, and when the loss is no number', async () => {
  const controller = new AbortController();
  controller.abort(new Error('enough'));
  await expect(fit({}, policy(), controller.signal)).rejects.toThrow('enough');
  const broken = policy();
  (broken.tensors['model.norm.weight'].data as Float32Array).fill(Number.NaN);
  await expect(fit({ maxSteps: 2 }, broken)).rejects.toThrow(TrainingDivergedError);
});
