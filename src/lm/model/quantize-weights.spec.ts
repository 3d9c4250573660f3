import { describe, expect, it } from 'vitest';
import { Rng } from '#src/common/rng.js';
import { constant, input } from '#src/nn/graph.js';
import { interpret } from '#src/nn/interpret.js';
import { f32, floats } from '#src/nn/tensor.js';
import { frozenTensors } from '../decode/frozen-weights.js';
import { Generator, type GeneratorModel } from '../decode/generate.js';
import { allLinear, initLora } from '../lora/lora.js';
import { quantizable, quantizedLinear, quantizeWeight, packedName, scalesName } from './quantize-weights.js';
import { tinyConfig, tinyConfigs } from './tiny-model.fixture.js';
import { initWeights } from '../files/weights.js';

const rng = Rng.from('quantization');
const config = { ...tinyConfig, hiddenSize: 32, intermediateSize: 64 };

/** The weight that its quantized form stands for, row by row: its product with the identity. */
function restored(values: number[], bits: 4 | 8): number[] {
  const { packed, scales } = quantizeWeight(f32(values, [values.length / 32, 32]), bits);
  const identity = f32(Array.from({ length: 1024 }, (_, i) => Number(i % 33 === 0)), [32, 32]);
  const params = { [packedName('w')]: constant(packed), [scalesName('w')]: constant(scales) };
  const y = quantizedLinear(params, 'w', input('x', 'float32', [32, 32]))!;
  const columns = floats(interpret({ y }, { x: identity }).y);
  const rows = values.length / 32;
  return values.map((_, i) => columns[(i % 32) * rows + Math.floor(i / 32)]);
}

describe('quantized weights', () => {
  it.each([
    [4, 1 / 8],
    [8, 1 / 128],
  ] as const)('of %i bits are within half a step of the weight, and meet its extreme exactly', (bits, step) => {
    const values = Array.from({ length: 96 }, () => rng.normal());
    const back = restored(values, bits);
    for (let block = 0; block < 3; block++) {
      const own = values.slice(32 * block, 32 * (block + 1)).map(Math.fround);
      const extreme = own.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
      own.forEach((value, i) => {
        // On the far side the range is a step shorter than on the extreme's.
        const clipped = value * Math.sign(extreme) < -Math.abs(extreme) * (1 - 1.5 * step);
        const allowed = clipped ? 1 : 0.5001;
        expect(Math.abs(back[32 * block + i] - value)).toBeLessThanOrEqual(allowed * step * Math.abs(extreme));
      });
      expect(back[32 * block + own.indexOf(extreme)]).toBeCloseTo(extreme, 6);
    }
  });

  it('of zeros are zeros', () => {
    expect(restored(new Array<number>(32).fill(0), 4).every((value) => value === 0)).toBe(true);
  });

  it('replace the linear maps whose rows are whole blocks, and nothing else', () => {
    const names = Object.keys(frozenTensors(initWeights(config, 1), 'int4'));
    expect(names.filter((name) => name.endsWith('.packed')).length).toBe(7 * config.numLayers);
    expect(names).toEqual(expect.arrayContaining(['model.embed_tokens.weight', 'lm_head.weight', 'model.norm.weight']));
    expect(names).not.toContain('model.layers.0.mlp.up_proj.weight');
    expect(quantizable([4, 48])).toBe(false);
  });
});

describe('generation with frozen weights', () => {
  const tensors = initWeights(config, 1);
  for (const { data } of Object.values(tensors)) data.forEach((value, i) => (data[i] = value === 1 ? 1 : Number(value) * 12));
  const prompts = [5, 20, 1].map((length, p) => ({ ids: Array.from({ length }, (_, i) => 2 + ((7 * i + p) % 38)), seeds: [1, 2] }));
  const options = { temperature: 1, maxNewTokens: 16, stopTokenIds: [] };
  const run = async (model: GeneratorModel, limits: object, change?: (generator: Generator) => void) => {
    const generator = new Generator(model, { threads: 1, ...limits });
    change?.(generator);
    const rows = (await generator.generate(prompts, options)).flat();
    await generator.dispose();
    return rows;
  };
  const model = { config, tensors };

  it('writes what weights fed at every step write', async () => {
    const [fed, frozen] = [await run(model, {}), await run(model, { frozen: true })];
    expect(frozen.map(({ tokenIds }) => tokenIds)).toEqual(fed.map(({ tokenIds }) => tokenIds));
    frozen.forEach(({ logProbs }, row) =>
      logProbs.forEach((value, at) => expect(Math.abs(value - fed[row].logProbs[at])).toBeLessThan(1e-5)),
    );
  });

  it('takes new weights when told to', async () => {
    const other = initWeights(config, 2);
    const changed = await run(model, { frozen: true }, (generator) => generator.updateWeights(other));
    expect(changed).toEqual(await run({ config, tensors: other }, { frozen: true }));
    const generator = new Generator(model, { threads: 1, frozen: true });
    const before = await generator.generate(prompts, options);
    generator.updateWeights(other);
    expect((await generator.generate(prompts, options)).flat()).toEqual(changed);
    generator.updateWeights(tensors);
    expect(await generator.generate(prompts, options)).toEqual(before);
    await generator.dispose();
  });

  it('reads LoRA factors at every step', async () => {
    const lora = { rank: 2, alpha: 4, targetModules: allLinear };
    const factors = initLora(config, lora, 1);
    const adapted = { config, tensors: { ...tensors, ...factors }, lora };
    const plain = await run(model, { frozen: true });
    expect((await run(adapted, { frozen: true })).map(({ tokenIds }) => tokenIds)).toEqual(plain.map(({ tokenIds }) => tokenIds));
    const generator = new Generator(adapted, { threads: 1, frozen: true });
    await generator.generate(prompts, options);
    for (const { data } of Object.values(factors)) data.forEach((_, i) => (data[i] = 0.5 * Math.sin(i)));
    const trained = (await generator.generate(prompts, options)).flat();
    await generator.dispose();
    expect(trained.map(({ tokenIds }) => tokenIds)).toEqual((await run(adapted, {})).map(({ tokenIds }) => tokenIds));
    expect(trained.map(({ tokenIds }) => tokenIds)).not.toEqual(plain.map(({ tokenIds }) => tokenIds));
  });

  it('in few bits reports log-probabilities of its own, the closer the more bits', async () => {
    const gap = async (weights: 'int8' | 'int4'): Promise<number> => {
      const [full, few] = [await run(model, {}), await run(model, { weights })];
      const first = few.map(({ tokenIds, logProbs }, row) => {
        // The first token comes from the prompt, which is read with full weights; the second is the first decoded.
        expect(tokenIds[0]).toBe(full[row].tokenIds[0]);
        return tokenIds[1] === full[row].tokenIds[1] ? Math.abs(logProbs[1] - full[row].logProbs[1]) : 0;
      });
      return Math.max(...first);
    };
    const [eight, four] = [await gap('int8'), await gap('int4')];
    expect(eight).toBeGreaterThan(0);
    expect(eight).toBeLessThan(four);
    expect(eight).toBeLessThan(0.1);
  });

  it('of GPT-2 are refused in few bits, by name, and not silently left whole', () => {
    const gpt2 = { config: tinyConfigs.gpt2, tensors: initWeights(tinyConfigs.gpt2, 1) };
    expect(() => new Generator(gpt2, { weights: 'int4' })).toThrow('the family gpt2 cannot write with int4 weights');
  });

  it('cannot be fed and quantized at once', () => {
    expect(() => new Generator(model, { weights: 'int8', frozen: false })).toThrow(/must be frozen/);
  });
});
