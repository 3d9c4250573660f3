import { describe, expect, it } from 'vitest';
import { Rng } from '#src/common/rng.js';
import { emitModel } from '#src/nn/emit.js';
import { grad } from '#src/nn/grad.js';
import { input, type Node } from '#src/nn/graph.js';
import { interpret } from '#src/nn/interpret.js';
import { logSoftmax, mean, sub, sum } from '#src/nn/ops.js';
import { Session } from '#src/nn/session.js';
import { floats, i64, type Tensor } from '#src/nn/tensor.js';
import { lastPositions, padRight } from '../text/batching.js';
import { type ModelConfig } from './config.js';
import { allLinear, initLora, mergeLora } from '../lora/lora.js';
import { isLoraName, type LoraConfig } from './lora-delta.js';
import { tinyConfig } from './tiny-model.fixture.js';
import { decoderForward, entropyOf, lmLogits, rewardHead, tokenLogProbs, type Model } from './transformer.js';
import { initWeights, rewardWeightsFrom } from '../files/weights.js';
import { bindParams } from '../testing.fixture.js';

const rng = Rng.from(3);
const sequences = [7, 5, 3].map((length) => Array.from({ length }, () => rng.int(tinyConfig.vocabSize)));
const padded = padRight(sequences, { multiple: 8 });
const ids = i64(padded.ids, [padded.batch, padded.time]);
const idsNode = (): Node => input('ids', 'int64', [padded.batch, padded.time]);

const maxDifference = (a: Tensor, b: Tensor): number =>
  floats(a).reduce((worst, value, i) => Math.max(worst, Math.abs(value - floats(b)[i])), 0);

async function run(
  outputs: Record<string, Node>,
  feeds: Record<string, Tensor>,
): Promise<Record<string, Tensor>> {
  const session = await Session.create(emitModel(outputs), { threads: 1 });
  const results = await session.run(feeds);
  await session.dispose();
  return results;
}

function frozen(tensors: Record<string, Tensor>, config: ModelConfig = tinyConfig, lora?: LoraConfig): Model {
  return { config, lora, params: bindParams(tensors, () => false).params };
}

const weights = initWeights(tinyConfig, 1);

describe('transformer', () => {
  it('computes the same on ONNX Runtime and on the reference interpreter', async () => {
    const model = frozen(weights);
    const { hidden } = decoderForward(model, idsNode());
    const logits = lmLogits(model, hidden);
    const targets = input('targets', 'int64', [logits.shape[0]]);
    const outputs = { logits, logProbs: tokenLogProbs(logits, targets), entropy: entropyOf(logSoftmax(logits, -1)) };
    const feeds = { ids, targets: i64(padded.ids, [logits.shape[0]]) };
    const [ours, reference] = [await run(outputs, feeds), interpret(outputs, feeds)];
    for (const name of Object.keys(outputs))
      expect(maxDifference(ours[name], reference[name])).toBeLessThan(1e-5);
    expect(Math.max(...floats(ours.entropy))).toBeLessThanOrEqual(Math.log(tinyConfig.vocabSize) + 1e-5);
  });

  it('computes the same for a sequence alone as padded in a batch, at real positions', async () => {
    const model = frozen(weights);
    const whole = await run({ logits: lmLogits(model, decoderForward(model, idsNode()).hidden) }, { ids });
    for (const [row, sequence] of sequences.entries()) {
      const shape = [1, sequence.length];
      const alone = await run(
        { logits: lmLogits(model, decoderForward(model, input('ids', 'int64', shape)).hidden) },
        { ids: i64(sequence, shape) },
      );
      const start = row * padded.time * tinyConfig.vocabSize;
      const part = floats(whole.logits).subarray(start, start + sequence.length * tinyConfig.vocabSize);
      expect(maxDifference(alone.logits, { ...alone.logits, data: part })).toBeLessThan(1e-5);
    }
  });

  it('gives gradients to every trainable parameter, and asks for none of the frozen ones', async () => {
    const { params, trainable } = bindParams(weights, (name) => !name.includes('layers.0'));
    const model = { config: tinyConfig, params };
    const logits = lmLogits(model, decoderForward(model, idsNode()).hidden);
    const loss = mean(tokenLogProbs(logits, input('targets', 'int64', [logits.shape[0]])));
    const gradients = grad(
      loss,
      trainable.map((name) => params[name]),
    );
    const outputs = Object.fromEntries(trainable.map((name, i) => [`gradient.${name}`, gradients[i]]));
    const values = await run(outputs, { ...weights, ids, targets: i64(padded.ids, [logits.shape[0]]) });
    expect(trainable).toHaveLength(Object.keys(weights).length - 9);
    for (const name of trainable)
      expect(Math.max(...floats(values[`gradient.${name}`]).map(Math.abs))).toBeGreaterThan(1e-7);
  });

  it('ties the LM head to the embedding', async () => {
    const config = { ...tinyConfig, tieWordEmbeddings: true };
    const tied = initWeights(config, 1);
    expect(tied['lm_head.weight']).toBeUndefined();
    const untied = { ...tied, 'lm_head.weight': tied['model.embed_tokens.weight'] };
    const logitsOf = (model: Model): Record<string, Node> => ({
      logits: lmLogits(model, decoderForward(model, idsNode()).hidden),
    });
    const [a, b] = [
      await run(logitsOf(frozen(tied, config)), { ids }),
      await run(logitsOf(frozen(untied)), { ids }),
    ];
    expect(maxDifference(a.logits, b.logits)).toBe(0);
  });

  it('scores each row at its last token, whatever the padding', async () => {
    const config = { ...tinyConfig, head: 'reward' as const };
    const model = frozen(rewardWeightsFrom(weights, tinyConfig, 5), config);
    const rewards = async (rows: number[][]): Promise<number[]> => {
      const batch = padRight(rows, { multiple: 8 });
      const { hidden } = decoderForward(model, input('ids', 'int64', [batch.batch, batch.time]));
      const feeds = {
        ids: i64(batch.ids, [batch.batch, batch.time]),
        last: i64(lastPositions(batch), [batch.batch]),
      };
      return [
        ...floats(
          (await run({ r: rewardHead(model, hidden, input('last', 'int64', [batch.batch])) }, feeds)).r,
        ),
      ];
    };
    const together = await rewards(sequences);
    for (const [row, sequence] of sequences.entries())
      expect((await rewards([sequence]))[0]).toBeCloseTo(together[row], 5);
    expect(new Set(together).size).toBe(3);
  });
});

describe('LoRA', () => {
  const lora: LoraConfig = { rank: 3, alpha: 6, targetModules: allLinear };
  const logitsOf = (model: Model): Record<string, Node> => ({
    logits: lmLogits(model, decoderForward(model, idsNode()).hidden),
  });

  it('starts out as the base model, and merges into it exactly', async () => {
    const fresh = initLora(tinyConfig, lora, 2);
    const base = await run(logitsOf(frozen(weights)), { ids });
    const start = await run(logitsOf(frozen({ ...weights, ...fresh }, tinyConfig, lora)), { ids });
    expect(maxDifference(start.logits, base.logits)).toBeLessThan(1e-6);
    for (const { data } of Object.values(fresh)) data.forEach((_, i) => (data[i] = rng.normal() * 0.1));
    const adapted = await run(logitsOf(frozen({ ...weights, ...fresh }, tinyConfig, lora)), { ids });
    const merged = await run(logitsOf(frozen(mergeLora(weights, fresh, tinyConfig, lora))), { ids });
    expect(maxDifference(adapted.logits, merged.logits)).toBeLessThan(1e-5);
    expect(maxDifference(adapted.logits, base.logits)).toBeGreaterThan(1e-2);
  });

  it('trains its factors alone: A follows once B has left zero', async () => {
    const factors = initLora(tinyConfig, lora, 2);
    const { params, trainable } = bindParams({ ...weights, ...factors }, isLoraName);
    const { hidden } = decoderForward({ config: tinyConfig, params, lora }, idsNode());
    const gradients = grad(
      sum(sub(hidden, 1)),
      trainable.map((name) => params[name]),
    );
    const outputs = Object.fromEntries(trainable.map((name, i) => [`gradient.${name}`, gradients[i]]));
    const largest = async (): Promise<Map<string, number>> => {
      const values = await run(outputs, { ...factors, ids });
      return new Map(
        trainable.map((name) => [name, Math.max(...floats(values[`gradient.${name}`]).map(Math.abs))]),
      );
    };
    for (const [name, size] of await largest()) expect(size > 0).toBe(name.includes('lora_B'));
    for (const [name, { data }] of Object.entries(factors))
      if (name.includes('lora_B')) data.forEach((_, i) => (data[i] = 0.1 * rng.normal()));
    for (const size of (await largest()).values()) expect(size).toBeGreaterThan(0);
    expect(trainable).toHaveLength(2 * 7 * tinyConfig.numLayers);
  });

  it('refuses factors without their configuration', () => {
    const { params } = bindParams({ ...weights, ...initLora(tinyConfig, lora, 2) }, () => false);
    expect(() => decoderForward({ config: tinyConfig, params }, idsNode())).toThrow(/no LoRA config/);
    expect(() => initLora(tinyConfig, { ...lora, rank: 0 }, 1)).toThrow(RangeError);
    expect(() => mergeLora(weights, {}, tinyConfig, lora)).toThrow(/are missing/);
  });
});
