// A process of its own: the speed of one training step under given session settings, and the memory that is left
// behind by sessions of eight shapes. One JSON argument {threads, arena, spinning, steps, shapes}; one line of JSON out.
import { readFileSync } from 'node:fs';
import { type ModelConfig } from '#src/lm/model/config.js';
import { decoderForward, lmLogits, tokenLogProbs } from '#src/lm/model/transformer.js';
import { initWeights, inputParams } from '#src/lm/files/weights.js';
import { input } from '#src/nn/graph.js';
import { mean, neg } from '#src/nn/ops.js';
import { type Feeds } from '#src/nn/session.js';
import { i64 } from '#src/nn/tensor.js';
import { TrainState } from '#src/nn/train-state.js';
import { TrainStep } from '#src/nn/train-step.js';

export interface StepCostRequest {
  threads: number;
  arena: boolean;
  spinning: boolean;
  /** Timed steps of 8 x 256 tokens. */
  steps: number;
  /** Whether to go through seven more shapes afterwards. */
  shapes: boolean;
}

export interface StepCost {
  /** Of each timed step. */
  seconds: number[];
  /** After the timed steps, and after the other shapes. */
  residentMiB: number[];
  peakMiB: number;
}

const config: ModelConfig = {
  hiddenSize: 256,
  intermediateSize: 704,
  numLayers: 4,
  numHeads: 8,
  numKeyValueHeads: 4,
  headDim: 32,
  rmsNormEps: 1e-5,
  ropeTheta: 10_000,
  vocabSize: 2048,
  maxPositionEmbeddings: 256,
  tieWordEmbeddings: true,
  bosTokenId: null,
  eosTokenIds: [],
  padTokenId: null,
  head: 'lm',
};

const { threads, arena, spinning, steps, shapes } = JSON.parse(process.argv[2]) as StepCostRequest;
const state = TrainState.init(initWeights(config, 1));
const step = new TrainStep({
  state,
  optimizer: { weightDecay: 0.01, maxGradNorm: 1 },
  build: (batch) => {
    const params = inputParams(state.params);
    const { hidden } = decoderForward({ config, params }, input('ids', 'int64', batch.ids.shape));
    const targets = input('targets', 'int64', batch.targets.shape);
    return { loss: neg(mean(tokenLogProbs(lmLogits({ config, params }, hidden), targets))), trainable: params };
  },
  session: { threads, arena, spinning },
});
await step.run(batchOf(8, 256), 1e-3);
const seconds: number[] = [];
for (let i = 0; i < steps; i++) {
  const at = performance.now();
  await step.run(batchOf(8, 256), 1e-3);
  seconds.push((performance.now() - at) / 1000);
}
const resident = [memoryMiB('VmRSS')];
if (shapes) {
  for (const [batch, time] of [[8, 224], [8, 192], [8, 160], [8, 128], [8, 96], [8, 64], [8, 32]]) await step.run(batchOf(batch, time), 1e-3);
  resident.push(memoryMiB('VmRSS'));
}
const cost: StepCost = { seconds, residentMiB: resident, peakMiB: memoryMiB('VmHWM') };
await step.dispose();
console.log(JSON.stringify(cost));

function batchOf(batch: number, time: number): Feeds {
  const ids = Array.from({ length: batch * time }, (_, i) => (i * 7919) % config.vocabSize);
  return { ids: i64(ids, [batch, time]), targets: i64(ids.map((id) => (id * 3 + 1) % config.vocabSize), [batch * time]) };
}

/** Of /proc; NaN where there is none. */
function memoryMiB(field: 'VmRSS' | 'VmHWM'): number {
  try {
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
  } catch {
    return NaN;
  }
}
