/**
 * Trains the starter policy from nothing, with this project's own engine and its own text, and writes it to
 * models/starter/ as a Hugging Face folder with the recipe that made it. `npm run train:starter`; the same
 * seed gives the same text, order and initial weights.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Bar } from './progress.js';
import { readCheckpointDir, writeCheckpointDir } from '#src/lm/files/checkpoint.js';
import { Generator as TextGenerator } from '#src/lm/decode/generate.js';
import { learningRate } from '#src/nn/optim/schedule.js';
import { TrainState } from '#src/nn/train-state.js';
import { TrainStep } from '#src/nn/train-step.js';
import { batchesOf, type Batch } from './batches.js';
import { EXAMPLE_KINDS, makeExample, type ExampleKind } from './corpus.js';
import { lookupInit } from './init.js';
import { qualityOf, sampleAnswers } from './evaluate.js';
import { lossGraph, starterConfig, trainTokenizer } from './model.js';

const { values: flags } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: 'models/starter' },
    contrast: { type: 'string', default: '400' },
    drill: { type: 'string', default: '1300' },
    mixed: { type: 'string', default: '1500' },
    refresh: { type: 'string', default: '3' },
    rows: { type: 'string', default: '32' },
    rate: { type: 'string', default: '0.002' },
    copying: { type: 'string', default: '0.5' },
    from: { type: 'string' },
    threads: { type: 'string' },
  },
});
const SEED = Number(flags.seed);
const STEPS = { contrast: Number(flags.contrast), drill: Number(flags.drill), mixed: Number(flags.mixed) };
/** Among the mixed batches every so many is a drill, so that looking up is not forgotten; 0 for none. */
const REFRESH_EVERY = Number(flags.refresh);
const ROWS = Number(flags.rows);
const TOTAL = STEPS.contrast + STEPS.drill + STEPS.mixed;
const SCHEDULE = { kind: 'cosine', peak: Number(flags.rate), warmupSteps: 100, totalSteps: TOTAL, floor: 0.00005 } as const;
/** The prompt's own tokens teach names and wordings, but most of each prompt cannot be foreseen. */
const PROMPT_WEIGHT = 0.03;
const BATCHES_PER_POOL = 16;
const LOOK_EVERY = 250;
const OPTIMIZER = { beta2: 0.98, weightDecay: 0.05, maxGradNorm: 1, decays: (name: string) => !name.endsWith('norm.weight') };

const started = Date.now();
const { files, tokenizer, framing } = trainTokenizer(SEED);
const config = starterConfig(tokenizer);
const tensors = flags.from === undefined ? lookupInit(config, SEED, Number(flags.copying)) : (await readCheckpointDir(flags.from)).tensors;
const state = TrainState.init(tensors);
const session = flags.threads === undefined ? {} : { threads: Number(flags.threads) };
const trainer = new TrainStep({ state, optimizer: OPTIMIZER, build: (batch) => lossGraph(config, tensors, batch), session, maxSessions: 24 });
const generator = new TextGenerator({ config, tensors });
const losses: { step: number; answerLoss: number }[] = [];

const parameters = Object.values(tensors).reduce((sum, { data }) => sum + data.length, 0);
console.log(`${parameters} parameters, vocabulary ${config.vocabSize}, ${TOTAL} steps of ${ROWS} rows`);
const bar = new Bar(TOTAL);
let window: number[] = [];
let tokens = 0;
let step = 0;
for (const batch of trainingBatches()) {
  const { metrics } = await trainer.run(batch.feeds, learningRate(SCHEDULE, step));
  tokens += batch.tokens;
  window.push(metrics.answer);
  step++;
  bar.update(step, { answer: metrics.answer });
  if (step % 100 === 0) {
    const answerLoss = Number((window.reduce((a, b) => a + b, 0) / window.length).toFixed(4));
    losses.push({ step, answerLoss });
    bar.note(`step ${step}: answer loss ${answerLoss}, ${Math.round((1000 * tokens) / (Date.now() - started))} tokens/s`);
    window = [];
  }
  if (step % LOOK_EVERY === 0 && step < TOTAL) await look();
}
bar.stop();
const trainSeconds = Math.round((Date.now() - started) / 1000);

await writeCheckpointDir(flags.out, { config, tokenizer: files, tensors }, 'BF16');
// What is measured is what was written: weights rounded to bfloat16.
generator.updateWeights((await readCheckpointDir(flags.out)).tensors);
const sampled = qualityOf(await sampleAnswers(generator, tokenizer, framing, { count: 512, temperature: 1, seed: SEED + 1000 }));
const greedy = qualityOf(await sampleAnswers(generator, tokenizer, framing, { count: 256, temperature: 0, seed: SEED + 2000 }));
const recipe = {
  what: 'A small assistant for a closed world, trained from nothing on text written by tools/starter.',
  command: `npm run train:starter -- --seed ${SEED} --contrast ${STEPS.contrast} --drill ${STEPS.drill} --mixed ${STEPS.mixed} --refresh ${REFRESH_EVERY}`,
  seed: SEED,
  parameters,
  steps: { ...STEPS, refreshEvery: REFRESH_EVERY },
  rowsPerStep: ROWS,
  tokens,
  schedule: SCHEDULE,
  optimizer: { name: 'AdamW', beta1: 0.9, beta2: OPTIMIZER.beta2, weightDecay: OPTIMIZER.weightDecay, maxGradNorm: OPTIMIZER.maxGradNorm },
  init: { kind: 'lookup (tools/starter/init.ts)', copying: Number(flags.copying) },
  promptWeight: PROMPT_WEIGHT,
  seconds: trainSeconds,
  losses,
  quality: { temperature1: sampled, greedy },
};
await writeFile(join(flags.out, 'recipe.json'), `${JSON.stringify(recipe, null, 2)}\n`);
console.log(`written to ${flags.out} after ${trainSeconds} s`, sampled);
await Promise.all([trainer.dispose(), generator.dispose()]);

function* trainingBatches(): Iterable<Batch> {
  const refresher = batchesOfKind('drill', STEPS.drill);
  for (const kind of EXAMPLE_KINDS) {
    const batches = batchesOfKind(kind, 0);
    for (let done = 0; done < STEPS[kind]; done++) {
      const refreshes = kind === 'mixed' && REFRESH_EVERY > 0 && done % REFRESH_EVERY === REFRESH_EVERY - 1;
      yield (refreshes ? refresher : batches).next().value!;
    }
  }
}

/** Endless batches of one kind, no example twice; `from` skips what the first so many batches would hold. */
function* batchesOfKind(kind: ExampleKind, from: number): Generator<Batch, undefined> {
  for (let pool = Math.ceil(from / BATCHES_PER_POOL); ; pool++) {
    const first = pool * ROWS * BATCHES_PER_POOL;
    const examples = Array.from({ length: ROWS * BATCHES_PER_POOL }, (_, i) => makeExample(kind, framing, SEED, first + i));
    yield* batchesOf(examples, ROWS, PROMPT_WEIGHT, `${kind} ${SEED} ${pool * BATCHES_PER_POOL}`);
  }
}

async function look(): Promise<void> {
  await writeCheckpointDir(flags.out, { config, tokenizer: files, tensors }, 'BF16');
  const answers = await sampleAnswers(generator, tokenizer, framing, { count: 96, temperature: 1, seed: SEED + step });
  bar.note(JSON.stringify(qualityOf(answers)));
  for (const { prompt, text } of answers.slice(0, 4)) bar.note(`  ${prompt.text.replace('\n', ' ')}\n    -> ${text}`);
}
