// A process of its own: many training steps over varying shapes with generation and new weights in between, as a
// long run does them, and what the process holds in memory meanwhile. One JSON argument {steps, threads, arena};
// one line of JSON out.
import { readFileSync } from 'node:fs';
import { Rng } from '#src/common/rng.js';
import { type ModelConfig } from '#src/lm/model/config.js';
import { Generator } from '#src/lm/decode/generate.js';
import { decoderForward, lmLogits, tokenLogProbs } from '#src/lm/model/transformer.js';
import { initWeights, inputParams } from '#src/lm/files/weights.js';
import { input } from '#src/nn/graph.js';
import { mean, neg } from '#src/nn/ops.js';
import { type Feeds } from '#src/nn/session.js';
import { f32, floats, i64, type Tensor } from '#src/nn/tensor.js';
import { type TrainGraph } from '#src/nn/train-graph.js';
import { TrainState } from '#src/nn/train-state.js';
import { TrainStep } from '#src/nn/train-step.js';

export interface SoakRequest {
  steps: number;
  threads: number;
  /** As in SessionOptions, of the training steps. */
  arena: boolean;
  spinning: boolean;
}

export interface SoakResult {
  /** Resident MiB after each `every` steps. */
  residentMiB: number[];
  every: number;
  sessionsBuilt: number;
  generatedTokens: number;
  firstLoss: number;
  lastLoss: number;
  seconds: number;
}

const config: ModelConfig = {
  hiddenSize: 64,
  intermediateSize: 160,
  numLayers: 2,
  numHeads: 4,
  numKeyValueHeads: 2,
  headDim: 16,
  rmsNormEps: 1e-5,
  ropeTheta: 10_000,
  vocabSize: 256,
  maxPositionEmbeddings: 128,
  tieWordEmbeddings: true,
  bosTokenId: null,
  eosTokenIds: [1],
  padTokenId: 0,
  head: 'lm',
};
/** [batch, time]: one more than sessions are kept, so that they are built and dropped all the time. */
const shapes = [[4, 32], [2, 64], [8, 32], [4, 48]] as const;
const maxSessions = 3;
const [every, generateEvery, stay] = [10, 20, 0.9];

async function soak({ steps, threads, arena, spinning }: SoakRequest): Promise<SoakResult> {
  const rng = Rng.from('soak');
  const state = TrainState.init(initWeights(config, 1));
  const result: SoakResult = { residentMiB: [], every, sessionsBuilt: 0, generatedTokens: 0, firstLoss: NaN, lastLoss: NaN, seconds: 0 };
  const build = (batch: Feeds): TrainGraph => {
    result.sessionsBuilt++;
    const params = inputParams(state.params);
    const model = { config, params };
    const { hidden } = decoderForward(model, input('ids', 'int64', batch.ids.shape));
    const targets = input('targets', 'int64', batch.targets.shape);
    return { loss: neg(mean(tokenLogProbs(lmLogits(model, hidden), targets))), trainable: params };
  };
  const step = new TrainStep({ state, optimizer: { maxGradNorm: 1 }, build, session: { threads, arena, spinning }, maxSessions });
  const generator = new Generator({ config, tensors: copies(state.params) }, { threads, maxRows: 4 });
  const started = performance.now();
  let shape: readonly [number, number] = shapes[0];
  for (let i = 0; i < steps; i++) {
    if (i < shapes.length) shape = shapes[i];
    else if (rng.next() > stay) shape = shapes[rng.int(shapes.length)];
    const { loss } = await step.run(countingBatch(rng, ...shape), 3e-4);
    if (i === 0) result.firstLoss = loss;
    result.lastLoss = loss;
    if ((i + 1) % generateEvery === 0) {
      generator.updateWeights(copies(state.params));
      const prompts = [3, 11].map((length, p) => ({ ids: Array.from({ length }, () => 2 + rng.int(200)), seeds: [`${i}/${p}/0`, `${i}/${p}/1`] }));
      const completions = await generator.generate(prompts, { temperature: 1, maxNewTokens: 8 });
      result.generatedTokens += completions.flat().reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
    }
    if ((i + 1) % every === 0) result.residentMiB.push(residentMiB());
  }
  result.seconds = (performance.now() - started) / 1000;
  await step.dispose();
  await generator.dispose();
  return result;
}

/** Numbers counted upwards from a random start: something that can be learnt. */
function countingBatch(rng: Rng, batch: number, time: number): Feeds {
  const ids = Array.from({ length: batch }, () => rng.int(250)).flatMap((first) => Array.from({ length: time + 1 }, (_, t) => 2 + ((first + t) % 250)));
  const rows = (offset: number) => Array.from({ length: batch * time }, (_, i) => ids[Math.floor(i / time) * (time + 1) + (i % time) + offset]);
  return { ids: i64(rows(0), [batch, time]), targets: i64(rows(1), [batch * time]) };
}

function copies(tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, f32(floats(t).slice(), t.shape)]));
}

/** What the process really holds; /proc where there is one. */
function residentMiB(): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
  } catch {
    return process.memoryUsage.rss() / 2 ** 20;
  }
}

console.log(JSON.stringify(await soak(JSON.parse(process.argv[2]) as SoakRequest)));
