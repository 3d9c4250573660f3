import { afterAll, beforeAll, expect, test } from 'vitest';
import { Rng } from '#src/common/rng.js';
import { type Checkpoint } from '#src/lm/files/checkpoint.js';
import { tinyConfig } from '#src/lm/model/tiny-model.fixture.js';
import { trainBpe } from '../../../tools/starter/train-bpe.js';
import { initWeights } from '#src/lm/files/weights.js';
import { RewardScorer } from './reward-scorer.js';

const rng = Rng.from('texts');
const text = (length: number) => Array.from({ length }, () => String.fromCharCode(97 + rng.int(26))).join('');
const items = Array.from({ length: 70 }, () => ({ prompt: text(rng.int(30)), completion: text(rng.int(120)) }));

function rewardModel(): Checkpoint {
  const config = { ...tinyConfig, vocabSize: 300, head: 'reward' as const };
  const tokenizer = trainBpe([], { merges: 0, specialTokens: ['<|pad|>', '<|end|>'], eos: '<|end|>', pad: '<|pad|>' });
  return { config, tokenizer, tensors: initWeights(config, 'reward') };
}

let scorer: RewardScorer;
beforeAll(() => {
  scorer = RewardScorer.load(rewardModel(), { maxTokens: 100, tokensPerBatch: 512 });
});
afterAll(() => scorer.dispose());

test('a score does not depend on what else is scored', async () => {
  const together = await scorer.score(items);
  expect(new Set(together).size).toBeGreaterThan(60);
  for (const [index, item] of items.entries()) {
    if (index % 7 !== 0) continue;
    const [alone] = await scorer.score([item]);
    expect(Math.abs(alone - together[index])).toBeLessThan(1e-5);
  }
  const reversed = (await scorer.score([...items].reverse())).reverse();
  reversed.forEach((score, index) => expect(Math.abs(score - together[index])).toBeLessThan(1e-5));
});

test('tells its progress, counts cut texts, and stops when aborted', async () => {
  const seen: number[] = [];
  const before = scorer.truncations;
  await scorer.score(items, { onProgress: (done) => void seen.push(done) });
  expect(seen[seen.length - 1]).toBe(items.length);
  expect(scorer.truncations - before).toBe(items.filter(({ prompt, completion }) => prompt.length + completion.length + 1 > 100).length);
  await expect(scorer.score(items, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  expect(await scorer.score([])).toHaveLength(0);
});

test('a policy is refused', () => {
  const config = { ...tinyConfig, vocabSize: 300 };
  expect(() => RewardScorer.load({ ...rewardModel(), config }, { maxTokens: 100 })).toThrow('not a reward model');
});
