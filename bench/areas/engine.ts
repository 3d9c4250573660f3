// npm run bench -- engine: a whole training step against the same step in PyTorch, generation, and the
// machine's own limit.
import { availableParallelism } from 'node:os';
import type { AreaResult, Notes } from '../area.js';
import { gemmPeak } from '../engine/gemm-peak.js';
import { gemmSize } from '../engine/gemm.js';
import { generationRows, generationSpeeds } from '../engine/generation.js';
import { OurStep, profiledStep } from '../engine/our-step.js';
import { profileCases } from '../engine/profile-cases.js';
import { parameterCount, stepFlops, stepShapes, type StepShape } from '../engine/shapes.js';
import { pythonWith } from '../../scripts/system/python.js';
import { TorchRival } from '../engine/torch-rival.js';
import { benchCase, type BenchCase } from '../report.js';
import { median } from '../statistics.js';

const [warmup, rounds, stepsPerRound] = [2, 4, 2];
/** Times PyTorch's speed. */
const trainingGoal = 1.5;

/** Bytes at hand for profiled steps. */
const profileMemory = 4 * 1024 ** 3;

export async function engine(notes: Notes): Promise<AreaResult> {
  const threads = availableParallelism();
  const python = pythonWith('torch');
  if (!python) notes('no Python with torch here (PYTHON or python3): measured without a peer');
  const rival = python ? await TorchRival.start(python, stepShapes, threads, gemmSize) : undefined;
  const cases: BenchCase[] = [];
  const broken: string[] = [];
  try {
    const peak = await gemmPeak(threads, rival);
    cases.push(peak);
    for (const shape of stepShapes) {
      notes(`training step of ${shape.name}: ${(parameterCount(shape.config) / 1e6).toFixed(1)}M parameters, ${shape.batch} x ${shape.time} tokens`);
      const step = await trainingStep(shape, threads, rival);
      cases.push(...step.cases(peak.ours));
      broken.push(...step.broken);
      const start = (profilePrefix: string) => profiledStep(shape, { threads, profilePrefix });
      cases.push(...(await profileCases({ name: shape.name, start, memory: profileMemory }, threads, notes)));
    }
  } finally {
    rival?.stop();
  }
  notes(`generation of the starter, ${generationRows} rows`);
  cases.push(benchCase(`generation, starter, batch ${generationRows}`, 'tokens/s', median(await generationSpeeds(5))));
  return { cases, broken };
}

async function trainingStep(shape: StepShape, threads: number, rival: TorchRival | undefined) {
  const step = new OurStep(shape, { threads });
  const first = await step.run(1);
  await step.run(warmup - 1);
  await rival?.step(shape.name, warmup);
  const ours: number[] = [];
  const theirs: number[] = [];
  const losses: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const timed = await step.run(stepsPerRound);
    ours.push(...timed.seconds);
    losses.push(timed.loss);
    if (rival) theirs.push(...(await rival.step(shape.name, stepsPerRound)).seconds);
  }
  await step.dispose();
  const { name, batch, time } = shape;
  const speed = (seconds: number[]) => (batch * time) / median(seconds);
  const last = losses[losses.length - 1];
  return {
    // On one repeated batch a step that really trains must bring the loss down.
    broken: last < first.loss ? [] : [`the loss of ${name} did not fall: ${first.loss} to ${last}`],
    cases: (peak: number) => [
      benchCase(`training step, ${name}, ${batch} x ${time}`, 'tokens/s', speed(ours), rival && { name: rival.name, value: speed(theirs) }, trainingGoal),
      benchCase(`matrix products of that step, ${name}`, 'GFLOP/s', stepFlops(shape) / median(ours) / 1e9, { name: 'GEMM peak above', value: peak }),
    ],
  };
}
