import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Checkpoint } from '#src/lm/files/checkpoint.js';
import { allLinear } from '#src/lm/lora/lora.js';
import { isLoraName } from '#src/lm/model/lora-delta.js';
import { type TrainingProgress } from '#src/lm/files/training-progress.js';
import { TrunkStates } from '#src/lm/lora/trunk-states.js';
import { floats } from '#src/nn/tensor.js';
import { type PreferenceGroup } from '../batch/preference-groups.js';
import { trainableCheckpoint } from '../../../test/factories/training.js';
import { type DatasetHyperparameters } from '../settings.js';
import { type DatasetResult, type DatasetStepReport, type DatasetTask } from './dataset-trainer.js';
import { completeDpo, trainDpo } from '../methods/dpo.js';
import { trunkUse } from './frozen-trunk.js';
import { completeSft, trainSft } from '../methods/sft.js';
import { checkpointHash } from '#src/lm/testing.fixture.js';

const group = (letter: string): PreferenceGroup => ({
  prompt: `${letter}?`,
  completions: ['yes.', 'no', `${letter} ${letter} ${letter}!`],
  pairs: [
    { chosen: 0, rejected: 1, margin: 0 },
    { chosen: 0, rejected: 2, margin: 0 },
  ],
});
const train = [...'abcdefghij'].map(group);
const evaluation = [...'klm'].map(group);

/** Four layers, of which the upper two are trained. */
const start = trainableCheckpoint(1, { numLayers: 4 });
const upper = { trainedLayers: 2, epochs: 3, learningRate: 0.005, batchSize: 9, schedule: 'constant' } as const;
const lora = { rank: 4, alpha: 8, targetModules: allLinear };

type Rest = Partial<Omit<DatasetTask, 'hyperparameters'>>;
const methods = {
  sft: (given: Partial<DatasetHyperparameters>, rest: Rest = {}): Promise<DatasetResult> =>
    trainSft({ checkpoint: start, train, evaluation, threads: 1, ...rest, hyperparameters: completeSft({ ...upper, completions: 'chosen', ...given }) }),
  dpo: (given: Partial<DatasetHyperparameters>, rest: Rest = {}): Promise<DatasetResult> =>
    trainDpo({ checkpoint: start, train, evaluation, threads: 1, ...rest, hyperparameters: completeDpo({ ...upper, ...given }) }),
};

const moved = (from: Checkpoint, { tensors }: Checkpoint): string[] =>
  Object.keys(tensors).filter((name) => floats(tensors[name]).some((value, i) => value !== floats(from.tensors[name])[i]));

afterEach(() => void vi.restoreAllMocks());

describe.each(['sft', 'dpo'] as const)('%s', (method) => {
  test.each<[string, Partial<DatasetHyperparameters>]>([
    ['all weights', {}],
    ['all weights, in parts, computed again', { microBatchTokens: 24, gradientCheckpointing: true }],
    ['low-rank factors', { lora, learningRate: 0.02 }],
    ['low-rank factors, in parts, computed again', { lora, learningRate: 0.02, microBatchTokens: 24, gradientCheckpointing: true }],
  ])('from kept hidden states the steps are those of the whole model: %s', async (_name, given) => {
    const plain = await methods[method](given, { keepTrunk: false });
    const [compute, read] = [vi.spyOn(TrunkStates, 'compute'), vi.spyOn(TrunkStates.prototype, 'of')];
    const kept = await methods[method](given);
    // Every example once, however often it is read.
    expect(compute).toHaveBeenCalledTimes(1);
    expect(compute.mock.calls[0][1]).toHaveLength(train.length + evaluation.length);
    expect(read.mock.calls.length).toBeGreaterThanOrEqual(kept.metrics.length + 4);
    expect(kept.metrics).toHaveLength(plain.metrics.length);
    kept.metrics.forEach((step, i) => {
      for (const [name, value] of Object.entries(step)) expect(value, `${name} of step ${i + 1}`).toBeCloseTo(plain.metrics[i][name], 3);
    });
    for (const [name, tensor] of Object.entries(kept.checkpoint.tensors)) {
      const [ours, theirs] = [floats(tensor), floats(plain.checkpoint.tensors[name])];
      expect(Math.max(...ours.map((value, i) => Math.abs(value - theirs[i]))), name).toBeLessThan(1e-3);
    }
  });

  test.each<[string, Partial<DatasetHyperparameters>, RegExp]>([
    ['all weights', {}, /layers\.[23]\.|model\.norm\.|lm_head/],
    ['low-rank factors', { lora }, /layers\.[23]\..*_proj/],
  ])('every trained parameter moves and no frozen one: %s', async (_name, given, trained) => {
    for (const tieWordEmbeddings of [true, false]) {
      const checkpoint = trainableCheckpoint(1, { numLayers: 4, tieWordEmbeddings });
      const hash = checkpointHash(checkpoint);
      const result = await methods[method](given, { checkpoint });
      expect(moved(checkpoint, result.checkpoint)).toEqual(Object.keys(checkpoint.tensors).filter((name) => trained.test(name)));
      expect(checkpointHash(checkpoint)).toBe(hash);
      if (!result.adapter) continue;
      expect(result.adapter.lora.layers).toEqual([2, 3]);
      expect(Object.keys(result.adapter.factors).every((name) => isLoraName(name) && /layers\.[23]\./.test(name))).toBe(true);
    }
  });

  test.each<[string, Partial<DatasetHyperparameters>]>([
    ['all weights', {}],
    ['low-rank factors, in parts', { lora, microBatchTokens: 24 }],
  ])('resumed after any step it ends with the same bits: %s', async (_name, given) => {
    const saved: TrainingProgress[] = [];
    const onStep = ({ progress }: DatasetStepReport): void => void saved.push(structuredClone(progress));
    const straight = await methods[method](given, { onStep });
    for (const resume of [saved[0], saved[saved.length - 2]]) {
      const resumed = await methods[method](given, { resume });
      expect(resumed.metrics).toEqual(straight.metrics);
      expect(resumed.after).toEqual(straight.after);
      expect(checkpointHash(resumed.checkpoint)).toBe(checkpointHash(straight.checkpoint));
    }
  });

  test('where no prompts are held out, they are computed once all the same', async () => {
    const compute = vi.spyOn(TrunkStates, 'compute');
    await methods[method]({ epochs: 2 }, { evaluation: train } as Rest);
    expect(compute.mock.calls.map(([, groups]) => groups.length)).toEqual([train.length]);
  });
});

test('all layers but not the embeddings', async () => {
  const compute = vi.spyOn(TrunkStates, 'compute');
  const { checkpoint } = await methods.sft({ trainedLayers: 4, epochs: 2 });
  expect(moved(start, checkpoint)).toEqual(Object.keys(start.tensors).filter((name) => !name.includes('embed_tokens')));
  expect(compute).not.toHaveBeenCalled();
});

test('kept is what is read more than once', () => {
  const use = (trainedLayers: number | null, epochs: number, readsReference: boolean) => Object.values(trunkUse(start.config, { trainedLayers, epochs }, readsReference));
  expect(use(2, 1, false)).toEqual([false, true]);
  expect(use(2, 2, false)).toEqual([true, true]);
  expect(use(2, 1, true)).toEqual([true, true]);
  expect([use(4, 2, true), use(null, 2, true)]).toEqual([[false, false], [false, false]]);
});
