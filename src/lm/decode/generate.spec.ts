import { afterAll, describe, expect, it, vi } from 'vitest';
import { emitModel } from '#src/nn/emit.js';
import { input } from '#src/nn/graph.js';
import { Session } from '#src/nn/session.js';
import { floats, i64 } from '#src/nn/tensor.js';
import { Rng } from '#src/common/rng.js';
import { Generator, type GeneratedSequence, type PromptRequest } from './generate.js';
import { GenerationSessions } from './generation-sessions.js';
import { allLinear, initLora } from '../lora/lora.js';
import { type ModelConfig } from '../model/config.js';
import { familyNames } from '../model/model-config.js';
import { tinyConfig, tinyConfigs } from '../model/tiny-model.fixture.js';
import { decoderForward, lmLogits, tokenLogProbs } from '../model/transformer.js';
import { initWeights } from '../files/weights.js';
import { bindParams } from '../testing.fixture.js';

// Larger than the usual 0.02, so that the distributions are far from uniform.
const scaled = (seed: number, config: ModelConfig = tinyConfig) => {
  const tensors = initWeights(config, seed);
  for (const { data } of Object.values(tensors))
    data.forEach((value, i) => (data[i] = value === 1 ? 1 : Number(value) * 12));
  return tensors;
};
const tensors = scaled(1);
const generator = new Generator({ config: tinyConfig, tensors });
const small = new Generator({ config: tinyConfig, tensors }, { maxRows: 2, maxPrefillTokens: 16 });
afterAll(async () => {
  await generator.dispose();
  await small.dispose();
});

const rng = Rng.from(7);
const prompts: PromptRequest[] = [3, 17, 1, 16, 33].map((length, index) => ({
  ids: Array.from({ length }, () => 2 + rng.int(38)),
  seeds: [0, 1, 2].map((sample) => `${index}/${sample}`),
}));
const options = { temperature: 1, maxNewTokens: 20 };
const all = (await generator.generate(prompts, options));

/** log p of `targets[i]` after `tokens[0..positions[i]]`, by the graph that trainers use. */
async function logProbsAt(
  tokens: number[],
  positions: number[],
  targets: number[],
  weights = tensors,
  config: ModelConfig = tinyConfig,
): Promise<Float32Array> {
  const { params } = bindParams(weights, () => false);
  const model = { config, params };
  const { hidden } = decoderForward(model, input('ids', 'int64', [1, tokens.length]));
  const n = targets.length;
  const logits = lmLogits(model, hidden, input('positions', 'int64', [n]));
  const session = await Session.create(
    emitModel({ logProbs: tokenLogProbs(logits, input('targets', 'int64', [n])) }),
  );
  const feeds = {
    ids: i64(tokens, [1, tokens.length]),
    positions: i64(positions, [n]),
    targets: i64(targets, [n]),
  };
  return floats((await session.run(feeds)).logProbs);
}

const trainerLogProbs = (
  prompt: readonly number[],
  completion: readonly number[],
  weights = tensors,
  config: ModelConfig = tinyConfig,
): Promise<Float32Array> =>
  logProbsAt(
    [...prompt, ...completion],
    completion.map((_, i) => prompt.length - 1 + i),
    [...completion],
    weights,
    config,
  );

const texts = (groups: GeneratedSequence[][]): number[][][] =>
  groups.map((group) => group.map(({ tokenIds }) => tokenIds));

describe('generation', () => {
  it('returns the log-probabilities that the training graph computes', async () => {
    for (const [p, group] of all.entries()) {
      const { tokenIds, logProbs } = group[0];
      const expected = await trainerLogProbs(prompts[p].ids, tokenIds);
      tokenIds.forEach((_, i) => expect(Math.abs(logProbs[i] - expected[i])).toBeLessThan(1e-4));
    }
  });

  it('gives a row the same tokens alone, in a small batch with refills, and in a large one', async () => {
    const alone = await Promise.all(
      prompts.map(async ({ ids, seeds }) =>
        Promise.all(
          seeds.map(async (seed) => (await generator.generate([{ ids, seeds: [seed] }], options))[0][0]),
        ),
      ),
    );
    expect(texts(alone)).toEqual(texts(all));
    expect(texts(await small.generate(prompts, options))).toEqual(texts(all));
    expect(new Set(all.flat().map(({ tokenIds }) => tokenIds.join())).size).toBeGreaterThan(10);
  });

  it('lets waiting rows take the places of those that end', async () => {
    // Rows of 2 and of 20 tokens, by their first token: a batch that waited for its longest row would take many more steps.
    const isOver = (tokenIds: readonly number[]): boolean => tokenIds.length >= (tokenIds[0] % 2 === 0 ? 2 : 20);
    const decode = vi.spyOn(GenerationSessions.prototype, 'decode');
    decode.mockClear();
    const many = [0, 1, 2, 3].map((p) => ({ ...prompts[p], seeds: [0, 1, 2, 3, 4, 5, 6, 7].map((sample) => `many/${p}/${sample}`) }));
    const four = new Generator({ config: tinyConfig, tensors }, { maxRows: 4 });
    const rows = (await four.generate(many, { ...options, isOver, stopTokenIds: [] })).flat();
    const sizes = decode.mock.calls.map(([size]) => size);
    decode.mockRestore();
    await four.dispose();
    // The first token of a row comes of its prompt.
    const steps = rows.map(({ tokenIds }) => tokenIds.length - 1);
    const total = steps.reduce((sum, count) => sum + count, 0);
    const waiting = Array.from({ length: steps.length / 4 }, (_, b) => Math.max(...steps.slice(4 * b, 4 * b + 4))).reduce((sum, count) => sum + count, 0);
    expect(new Set(steps)).toEqual(new Set([1, 19]));
    expect(Math.max(...sizes)).toBe(4);
    expect(sizes.length).toBeGreaterThanOrEqual(total / 4);
    expect(sizes.length).toBeLessThan(total / 4 + 20);
    expect(sizes.length).toBeLessThan(0.8 * waiting);
  });

  it('gives the same bits with fresh sessions, at one thread and at two, fed and frozen', async () => {
    const digest = async (limits: object): Promise<string> => {
      const fresh = new Generator({ config: tinyConfig, tensors }, limits);
      const groups = await fresh.generate(prompts, options);
      await fresh.dispose();
      return JSON.stringify(groups);
    };
    const first = await digest({ threads: 1 });
    for (const threads of [1, 2, 1, 2]) expect(await digest({ threads })).toBe(first);
    const frozen = await digest({ threads: 1, frozen: true });
    expect(await digest({ threads: 2, frozen: true })).toBe(frozen);
  });

  it('stops at stop tokens and at the limit, and says which', async () => {
    for (const { tokenIds, finishReason } of all.flat()) {
      expect(finishReason).toBe(tokenIds.at(-1) === 1 ? 'stop' : 'length');
      expect(tokenIds.indexOf(1)).toBe(finishReason === 'stop' ? tokenIds.length - 1 : -1);
      expect(tokenIds.length <= 20 && (finishReason === 'stop' || tokenIds.length === 20)).toBe(true);
    }
    const [[first]] = await generator.generate([prompts[0]], {
      ...options,
      stopTokenIds: [all[0][0].tokenIds[0]],
    });
    expect(first).toMatchObject({ tokenIds: [all[0][0].tokenIds[0]], finishReason: 'stop' });
    const one = await generator.generate(prompts, { ...options, maxNewTokens: 1 });
    expect(one.flat().every(({ tokenIds }) => tokenIds.length === 1)).toBe(true);
  });

  it('is greedy at temperature 0', async () => {
    const [[a, b]] = await generator.generate([{ ids: prompts[1].ids, seeds: [1, 2] }], {
      ...options,
      temperature: 0,
    });
    expect(a.tokenIds).toEqual(b.tokenIds);
    const vocabulary = Array.from({ length: tinyConfig.vocabSize }, (_, token) => token);
    const last = prompts[1].ids.length - 1;
    const first = await logProbsAt(
      [...prompts[1].ids],
      vocabulary.map(() => last),
      vocabulary,
    );
    expect(a.tokenIds[0]).toBe(first.indexOf(Math.max(...first)));
  });

  it.each([
    ...familyNames.map((name) => [name, tinyConfigs[name]] as const),
    ['llama, scaled', { ...tinyConfig, ropeScaling: { type: 'linear', factor: 3 } }] as const,
    ['gpt2, few positions', { ...tinyConfigs.gpt2, maxPositionEmbeddings: 48 }] as const,
  ])('of family %s equals the full forward pass', async (_, config) => {
    const weights = scaled(3, config);
    const family = new Generator({ config, tensors: weights });
    const few = prompts.slice(0, 3).map(({ ids }, i) => ({ ids, seeds: [i, i + 9] }));
    const groups = await family.generate(few, options);
    for (const [p, group] of groups.entries()) {
      for (const { tokenIds, logProbs } of group) {
        const expected = await trainerLogProbs(few[p].ids, tokenIds, weights, config);
        tokenIds.forEach((__, i) => expect(Math.abs(logProbs[i] - expected[i])).toBeLessThan(1e-4));
      }
    }
    await family.dispose();
  });

  it('takes new weights without new sessions', async () => {
    const other = scaled(2);
    const updated = new Generator({ config: tinyConfig, tensors });
    updated.updateWeights(other);
    const [[{ tokenIds, logProbs }]] = await updated.generate([prompts[1]], options);
    const expected = await trainerLogProbs(prompts[1].ids, tokenIds, other);
    logProbs.forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(1e-4));
    expect(() => updated.updateWeights({ 'model.norm.weight': i64([1], [1]) })).toThrow(RangeError);
    await updated.dispose();
  });

  it('runs with LoRA factors, which change nothing while B is zero', async () => {
    const lora = { rank: 2, alpha: 4, targetModules: allLinear };
    const adapted = new Generator({
      config: tinyConfig,
      tensors: { ...tensors, ...initLora(tinyConfig, lora, 1) },
      lora,
    });
    expect(texts(await adapted.generate(prompts, options))).toEqual(texts(all));
    await adapted.dispose();
  });

  it('reports progress, and stops when aborted', async () => {
    const reports: number[] = [];
    await generator.generate(prompts, options, { onProgress: (done, total) => reports.push(done / total) });
    expect(reports.at(-1)).toBe(1);
    expect(reports).toEqual([...reports].sort((a, b) => a - b));
    const abort = new AbortController();
    const pending = generator.generate(prompts, options, { signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(pending).rejects.toThrow('enough');
  });

  it.each([
    [[{ ids: [], seeds: [1] }], options, /prompt 0 is empty/],
    [[{ ids: [99], seeds: [1] }], options, /has token 99/],
    [[{ ids: [2], seeds: [1] }], { ...options, maxNewTokens: 128 }, /exceed 128 positions/],
    [[{ ids: [2], seeds: [1] }], { ...options, maxNewTokens: 0 }, /maxNewTokens/],
  ])('refuses requests it cannot serve', async (request, wrong, message) => {
    await expect(generator.generate(request, wrong)).rejects.toThrow(message);
  });

  it('does nothing for no rows', async () => {
    expect(await generator.generate([{ ids: [2], seeds: [] }], options)).toEqual([[]]);
    expect(await generator.generate([], options)).toEqual([]);
  });
});
