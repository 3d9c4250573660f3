/**
 * The same state and the same batch give the same bits: 50 times over, at one thread and at two, and between the two.
 * What could break it is a reduction whose order depends on the scheduling of threads. The batch provokes the known
 * one, rows scattered into the embedding's gradient under repeated indices.
 */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Rng } from '#src/common/rng.js';
import { input, type Node } from '#src/nn/graph.js';
import { mean, neg } from '#src/nn/ops.js';
import { type Feeds } from '#src/nn/session.js';
import { f32, floats, i64, type Tensor } from '#src/nn/tensor.js';
import { type TrainGraph } from '#src/nn/train-graph.js';
import { TrainState } from '#src/nn/train-state.js';
import { TrainStep } from '#src/nn/train-step.js';
import { type ModelConfig } from '../model/config.js';
import { allLinear, initLora } from '../lora/lora.js';
import type { LoraConfig } from '../model/lora-delta.js';
import { packBranches } from '../text/packing.js';
import { type Tensors } from '../files/safetensors.js';
import { tinyConfig } from '../model/tiny-model.fixture.js';
import { decoderForward, lmLogits, tokenLogProbs } from '../model/transformer.js';
import { initWeights, inputParams } from '../files/weights.js';

/** Large enough that the runtime splits products, norms and scatters among threads. */
const config: ModelConfig = { ...tinyConfig, hiddenSize: 64, intermediateSize: 160, headDim: 16, vocabSize: 512, tieWordEmbeddings: true };
const lora: LoraConfig = { rank: 4, alpha: 8, targetModules: allLinear };
const repeats = 50;

/** Rows packed from groups behind common prompts; ids come from a few, so that many rows meet in one embedding. */
function packedBatch(): Feeds {
  const rng = Rng.from('determinism');
  const ids = (length: number): number[] => Array.from({ length }, () => 3 + rng.int(9));
  const groups = Array.from({ length: 6 }, () => ({ prefix: ids(12), tails: [20, 13, 17].map(ids) }));
  const { rows, time, feeds } = packBranches(groups, { timeMultiple: 16 });
  return { ...feeds, targets: i64(ids(rows * time), [rows * time]) };
}

function build(tensors: Tensors, trained: readonly string[], batch: Feeds): TrainGraph {
  const params = inputParams(tensors);
  const fed = (name: string): Node => input(name, batch[name].dtype, batch[name].shape);
  const model = { config, params, lora };
  const { hidden } = decoderForward(model, fed('ids'), { positions: fed('positions'), mask: fed('attentionMask') });
  const loss = neg(mean(tokenLogProbs(lmLogits(model, hidden), fed('targets'))));
  return { loss, trainable: Object.fromEntries(trained.map((name) => [name, params[name]])) };
}

const copies = (tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]): [string, Tensor] => [name, f32(floats(tensor).slice(), tensor.shape)]));

/** Digests of all weights and moments, the loss and the norm after a step from the same state, one per repetition. */
async function digests(trained: Tensors, frozen: Tensors, threads: number): Promise<string[]> {
  const batch = packedBatch();
  const state = TrainState.init(copies(trained));
  const start = state.serialise();
  const kept = copies(Object.fromEntries(Object.entries(start).filter(([name]) => name !== 'step')));
  const names = Object.keys(trained);
  const step = new TrainStep({
    state,
    frozen,
    optimizer: { weightDecay: 0.1, maxGradNorm: 1 },
    build: (feeds) => build({ ...frozen, ...trained }, names, feeds),
    session: { threads },
  });
  const found: string[] = [];
  for (let i = 0; i < repeats; i++) {
    // Training writes in place: back to the same state.
    for (const [name, { data }] of Object.entries(kept)) floats(start[name]).set(data as Float32Array);
    state.step = 0;
    const { loss, gradNorm } = await step.run(batch, 1e-2);
    expect(gradNorm).toBeGreaterThan(1e-3);
    const hash = createHash('sha256').update(String([loss, gradNorm]));
    for (const name of Object.keys(kept)) hash.update(floats(start[name]));
    found.push(hash.digest('hex'));
  }
  await step.dispose();
  return found;
}

describe('a training step', () => {
  const weights = initWeights(config, 1);
  // B starts at zero, where the gradients of A are zero too: one that is not shows more.
  const factors = copies(initLora(config, lora, 2));
  const rng = Rng.from(3);
  for (const { data } of Object.values(factors)) data.forEach((_, i) => (data[i] = 0.1 * rng.normal()));

  it.each([
    ['of all weights', weights, {}],
    ['of low-rank factors', factors, weights],
  ])('%s gives the same bits at one thread and at two', async (_, trained, frozen) => {
    const [one, two] = [await digests(trained, frozen, 1), await digests(trained, frozen, 2)];
    expect(new Set(one).size, 'one thread').toBe(1);
    expect(new Set(two).size, 'two threads').toBe(1);
    expect(two[0], 'one thread and two').toBe(one[0]);
  });
});
