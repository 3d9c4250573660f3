// Does taking length out of the reward take it out? People here prefer what says "thanks", and what is long.
import { expect, test, vi } from 'vitest';
import { Rng } from '#src/common/rng.js';
import { correlation, mean } from '#src/common/statistics.js';
import { trainBpe } from '../../../tools/starter/train-bpe.js';
import { tinyConfig } from '#src/lm/model/tiny-model.fixture.js';
import { initWeights } from '#src/lm/files/weights.js';
import { type LengthDebiasing, completeReward, trainRewardModel } from './reward.js';
import { type StoredGroup } from '#src/reward/data/preference-data.service.js';
import { RewardScorer } from '../reward/reward-scorer.js';
import { trainingPairs } from '#src/reward/data/training-pairs.js';

// Learning takes seconds, and a machine may be busy with other things.
vi.setConfig({ testTimeout: 240_000 });

const words = ['sun', 'moon', 'tree', 'stone', 'bird', 'lake', 'wind', 'rain'];

function longAndPolite(prompts: number, seed: string): StoredGroup[] {
  const rng = Rng.from(seed);
  return Array.from({ length: prompts }, (_, i) => {
    const answers = Array.from({ length: 4 }, (_, k) => {
      const text = Array.from({ length: 2 + rng.int(12) }, () => words[rng.int(words.length)]);
      const score = text.length / 3 + (k % 2 === 0 ? 2 : 0);
      if (k % 2 === 0) text.splice(rng.int(text.length), 1, 'thanks');
      return { text: text.join(' '), score };
    });
    const ordered = [...answers].sort((a, b) => b.score - a.score);
    const pairs = [0, 1, 2].flatMap((chosen) => [1, 2, 3].filter((r) => r > chosen).map((rejected) => ({ chosen, rejected })));
    return {
      promptId: `${i}`,
      prompt: `${i} ${words[rng.int(words.length)]}`,
      completionIds: ordered.map((_, k) => `${i}/${k}`),
      completions: ordered.map(({ text }) => text),
      pairs: pairs
        .map(({ chosen, rejected }, p) => ({ chosen, rejected, ordinal: p, gap: ordered[chosen].score - ordered[rejected].score }))
        .map((pair) => ({ ...pair, margin: 0, tie: false, recordedWeight: null })),
    };
  });
}

const [train, held] = [longAndPolite(96, 'train'), longAndPolite(40, 'held out')];

/** On prompts that training never saw: how the reward goes with length, within prompts, and how much "thanks" is worth. */
async function trained(lengthDebias: LengthDebiasing): Promise<{ withLength: number; thanks: number }> {
  const tokenizer = trainBpe([[...words, 'thanks'].join(' ')], { merges: 60, specialTokens: ['<|pad|>', '<|end|>'], eos: '<|end|>', pad: '<|pad|>' });
  const config = { ...tinyConfig, hiddenSize: 32, intermediateSize: 64, vocabSize: 512 };
  const hyperparameters = completeReward({ batchSize: 32, maxTokens: 64, learningRate: 3e-3, epochs: 5, lengthDebias });
  const { train: groups } = trainingPairs(train, hyperparameters);
  const { checkpoint } = await trainRewardModel({ checkpoint: { config, tokenizer, tensors: initWeights(config, 'policy') }, groups, hyperparameters });
  const scorer = RewardScorer.load(checkpoint, { maxTokens: 64 });
  const items = held.flatMap(({ prompt, completions }) => completions.map((completion) => ({ prompt, completion })));
  const rewards = await scorer.score(items);
  await scorer.dispose();
  const centered = (values: number[]): number[] => values.map((value, i) => value - mean(values.slice(4 * Math.floor(i / 4), 4 * Math.floor(i / 4) + 4)));
  const lengths = centered(items.map(({ completion }) => completion.length));
  const polite = centered(items.map(({ completion }) => Number(completion.includes('thanks'))));
  return { withLength: correlation(lengths, centered([...rewards])), thanks: correlation(polite, centered([...rewards])) };
}

test('a product of experts follows length less, and politeness more', async () => {
  const [plain, debiased] = [await trained('none'), await trained('product_of_experts')];
  expect(plain.withLength).toBeGreaterThan(0.6);
  expect(debiased.withLength).toBeLessThan(0.7 * plain.withLength);
  expect(debiased.thanks).toBeGreaterThan(plain.thanks);
});
