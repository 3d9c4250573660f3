// node memory-child.js SETTING: trains a few steps and prints {measured, planned}, bytes. A process of its own, since the
// highest memory of a process never falls.
import { readFileSync } from 'node:fs';
import { type ModelConfig } from '#src/lm/model/config.js';
import { attentionCost } from '#src/lm/text/packing.js';
import { planTraining } from '#src/rl/plan/training-plan.js';
import { initWeights } from '#src/lm/files/weights.js';
import { Rng } from '#src/common/rng.js';
import { TrainState } from '#src/nn/train-state.js';
import { TrainStep } from '#src/nn/train-step.js';
import { packParts } from '#src/rl/batch/group-batch.js';
import { grpoGraph } from '#src/rl/methods/grpo.js';
import { stepShapes } from './shapes.js';

const settings = {
  plain: { microBatchTokens: null, gradientCheckpointing: false },
  checkpointing: { microBatchTokens: null, gradientCheckpointing: true },
  'micro-batches': { microBatchTokens: 512, gradientCheckpointing: false },
  both: { microBatchTokens: 512, gradientCheckpointing: true },
} as const;

const setting = settings[process.argv[2] as keyof typeof settings];
const config: ModelConfig = { ...stepShapes[0].config, vocabSize: 16_384 };
const options = { temperature: 1, beta: 0, clipLow: 0.2, clipHigh: 0.2, importanceSampling: 'token' as const, rolloutRatioMax: 3, gradientCheckpointing: setting.gradientCheckpointing };
const rng = Rng.from('memory');
const some = (length: number): number[] => Array.from({ length }, () => rng.int(config.vocabSize));
const groups = Array.from({ length: 8 }, () => ({
  promptIds: some(64),
  completions: Array.from({ length: 4 }, (_, i) => ({ tokenIds: some(48), advantage: i - 1.5 })),
}));

const tensors = initWeights(config, 1);
const state = TrainState.init(Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }])));
const batches = packParts(groups, setting.microBatchTokens, attentionCost(config));
const model = { config, tensors: { ...state.params } };
const before = memory('VmRSS');
const trainer = new TrainStep({ state, optimizer: { maxGradNorm: 1 }, build: (batch) => grpoGraph(model, batch, options), session: { threads: 1 } });
const started = performance.now();
for (let step = 0; step < 3; step++) await trainer.runParts(batches.map(({ feeds }) => ({ feeds, weight: 1 })), 1e-4);
const seconds = (performance.now() - started) / 3000;
const largest = batches.reduce((a, b) => (b.rows * b.time > a.rows * a.time ? b : a));
const { bytes } = planTraining(config, grpoGraph(model, largest.feeds, options));
console.log(JSON.stringify({ measured: memory('VmHWM') - before, planned: bytes.activations + bytes.updates + bytes.runtime, seconds }));

function memory(field: 'VmRSS' | 'VmHWM'): number {
  const line = readFileSync('/proc/self/status', 'utf8').match(new RegExp(`${field}:\\s+(\\d+) kB`));
  return Number(line?.[1]) * 1024;
}
