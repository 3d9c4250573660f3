/**
 * What trainers rely on: a completion is a function of weights, prompt and seed, whatever shares its batch,
 * and the log-probabilities that come with it are those that the training graph computes.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { Rng } from '#src/common/rng.js';
import { emitModel } from '#src/nn/emit.js';
import { input } from '#src/nn/graph.js';
import { Session } from '#src/nn/session.js';
import { floats, i64, type Tensor } from '#src/nn/tensor.js';
import { type ModelConfig } from '../model/config.js';
import { Generator, type GeneratedSequence, type GeneratorModel, type PromptRequest } from './generate.js';
import { type GenerationOptions, type GeneratorLimits } from './generation-request.js';
import { allLinear, initLora } from '../lora/lora.js';
import { isLoraName } from '../model/lora-delta.js';
import { tinyConfig } from '../model/tiny-model.fixture.js';
import { decoderForward, lmLogits, tokenLogProbs } from '../model/transformer.js';
import { initWeights } from '../files/weights.js';
import { bindParams } from '../testing.fixture.js';

const rng = Rng.from('rollouts');
const open: Generator[] = [];
afterAll(async () => {
  for (const generator of open) await generator.dispose();
});

/** Larger weights than usual, so that the distributions are far from uniform. */
function scaled(config: ModelConfig, seed: string): Record<string, Tensor> {
  const tensors = initWeights(config, seed);
  for (const { data } of Object.values(tensors))
    data.forEach((value, i) => (data[i] = value === 1 ? 1 : Number(value) * 12));
  return tensors;
}

/** Factors as training leaves them: none is zero. */
function trainedLora(config: ModelConfig): GeneratorModel {
  const lora = { rank: 3, alpha: 6, targetModules: allLinear };
  const factors = initLora(config, lora, 1);
  for (const { data } of Object.values(factors)) data.forEach((_, i) => (data[i] = 0.3 * rng.normal()));
  return { config, tensors: { ...scaled(config, 'lora'), ...factors }, lora };
}

function generator(model: GeneratorModel, limits: Partial<GeneratorLimits> = {}): Generator {
  const made = new Generator(model, limits);
  open.push(made);
  return made;
}

const ids = (length: number): number[] => Array.from({ length }, () => 2 + rng.int(tinyConfig.vocabSize - 2));
const options: GenerationOptions = { temperature: 1, topP: 0.95, repetitionPenalty: 1.1, maxNewTokens: 24 };

/** log p of every token of a completion, from one forward pass of the training graph over prompt and completion. */
async function trainerLogProbs(
  { config, tensors, lora }: GeneratorModel,
  prompt: readonly number[],
  completion: readonly number[],
): Promise<Float32Array> {
  const tokens = [...prompt, ...completion];
  const { params } = bindParams(tensors, () => false);
  const model = { config, params, lora };
  const { hidden } = decoderForward(model, input('ids', 'int64', [1, tokens.length]));
  const n = completion.length;
  const logits = lmLogits(model, hidden, input('positions', 'int64', [n]));
  const logProbs = tokenLogProbs(logits, input('targets', 'int64', [n]));
  const session = await Session.create(emitModel({ logProbs }), { threads: 1 });
  const result = await session.run({
    ids: i64(tokens, [1, tokens.length]),
    positions: i64(completion.map((_, i) => prompt.length - 1 + i), [n]),
    targets: i64(completion, [n]),
  });
  await session.dispose();
  return floats(result.logProbs);
}

describe('log-probabilities', () => {
  const models: [string, GeneratorModel][] = [
    ['one key head per query head', { ...tinyConfig, numKeyValueHeads: 4 }],
    ['two query heads per key head', tinyConfig],
    ['three query heads per key head', { ...tinyConfig, numHeads: 6, numKeyValueHeads: 2, hiddenSize: 24 }],
    ['one key head for all', { ...tinyConfig, numKeyValueHeads: 1 }],
    ['tied embeddings', { ...tinyConfig, tieWordEmbeddings: true }],
  ].map(([name, config]) => [name as string, { config: config as ModelConfig, tensors: scaled(config as ModelConfig, 'w') }]);

  it.each([...models, ['LoRA on every map', trainedLora(tinyConfig)] as const])(
    'are those of the training graph at every position: %s',
    async (_, model) => {
      // 1 and 16 and 17 are at the borders of prefill buckets; 50 + 24 tokens need a second cache bucket.
      const prompts = [1, 7, 16, 17, 50].map((length, p) => ({ ids: ids(length), seeds: [`${p}/0`, `${p}/1`] }));
      const made = generator(model, { threads: 1, maxRows: 4 });
      const groups = await made.generate(prompts, { ...options, stopTokenIds: [] });
      for (const [p, group] of groups.entries()) {
        for (const { tokenIds, logProbs } of group) {
          expect(tokenIds).toHaveLength(24);
          const expected = await trainerLogProbs(model, prompts[p].ids, tokenIds);
          logProbs.forEach((value, at) => expect(Math.abs(value - expected[at])).toBeLessThan(1e-4));
        }
      }
    },
  );

  it('of a model with LoRA are not those of its base', async () => {
    const model = trainedLora(tinyConfig);
    const prompt = ids(5);
    const [[{ tokenIds, logProbs }]] = await generator(model).generate([{ ids: prompt, seeds: [1] }], options);
    const tensors = Object.fromEntries(Object.entries(model.tensors).filter(([name]) => !isLoraName(name)));
    const base = await trainerLogProbs({ config: model.config, tensors }, prompt, tokenIds);
    expect(Math.max(...logProbs.map((value, at) => Math.abs(value - base[at])))).toBeGreaterThan(0.1);
  });
});

describe('a completion depends on weights, prompt and seed alone', () => {
  const model = { config: tinyConfig, tensors: scaled(tinyConfig, 'independence') };
  const prompts: PromptRequest[] = [3, 40, 1, 16, 33, 9, 17, 2, 25].map((length, p) => ({
    ids: ids(length),
    seeds: Array.from({ length: 1 + (p % 4) }, (_, sample) => `${p}/${sample}`),
  }));
  const written = (groups: GeneratedSequence[][]) => groups.map((group) => group.map(({ tokenIds }) => tokenIds));
  const reference = generator(model, { threads: 1 }).generate(prompts, options);

  it('and the reference has rows that end early, rows that do not, and no two alike', async () => {
    const rows = (await reference).flat();
    expect(new Set(rows.map(({ finishReason }) => finishReason)).size).toBe(2);
    expect(new Set(rows.map(({ tokenIds }) => tokenIds.join())).size).toBe(rows.length);
  });

  it.each([
    { maxRows: 1, threads: 1 },
    { maxRows: 2, threads: 1, maxPrefillTokens: 16 },
    { maxRows: 3, threads: 1 },
    { maxRows: 7, threads: 1, maxPrefillTokens: 64 },
    { maxRows: 64, threads: 2 },
    { maxRows: 4, threads: 3 },
  ])('not on %j', async (limits) => {
    const groups = await generator(model, limits).generate(prompts, options);
    expect(written(groups)).toEqual(written(await reference));
    const [got, wanted] = [groups, await reference].map((all) => all.flat().flatMap(({ logProbs }) => logProbs));
    got.forEach((value, at) => expect(Math.abs(value - wanted[at])).toBeLessThan(1e-5));
  });

  it('not on the order of the prompts', async () => {
    const made = generator(model, { threads: 1, maxRows: 4 });
    for (let round = 0; round < 2; round++) {
      const order = Rng.from(round).shuffle(prompts.map((_, p) => p));
      const groups = await made.generate(order.map((p) => prompts[p]), options);
      const wanted = written(await reference);
      expect(written(groups)).toEqual(order.map((p) => wanted[p]));
    }
  });

  it('not on the other prompts, nor on the other seeds of its own', async () => {
    const made = generator(model, { threads: 1 });
    const wanted = written(await reference);
    for (const [p, { ids, seeds }] of prompts.entries()) {
      const last = seeds.length - 1;
      const [[alone]] = await made.generate([{ ids, seeds: [seeds[last]] }], options);
      expect(alone.tokenIds).toEqual(wanted[p][last]);
    }
  });

  it('and ends where it is told to', async () => {
    const [first] = written(await reference);
    const isOver = (tokenIds: readonly number[]): boolean => tokenIds.length === 5;
    const [[short]] = await generator(model, { threads: 1 }).generate([prompts[0]], { ...options, isOver });
    expect(short).toMatchObject({ tokenIds: first[0].slice(0, 5), finishReason: 'stop' });
  });
});
