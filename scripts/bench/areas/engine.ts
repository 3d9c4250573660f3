// npm run bench -- engine: a whole training step against the same step in PyTorch, generation, and the
// machine's own limit.
import { availableParallelism } from 'node:os';
import type { AreaResult, Notes } from '../area.js';
import { Gemm, gemmFlops, gemmSize } from '../engine/gemm.js';
import { generationRows, generationSpeeds } from '../engine/generation.js';
import { OurStep } from '../engine/our-step.js';
import { profileStep } from '../engine/profile.js';
import { parameterCount, stepFlops, stepShapes, type StepShape } from '../engine/shapes.js';
import { pythonWithTorch, TorchRival } from '../engine/torch-rival.js';
import { benchCase, type BenchCase } from '../report.js';
import { median } from '../statistics.js';

const [warmup, rounds, stepsPerRound] = [2, 4, 2];
const gemmRuns = 100;

export async function engine(notes: Notes): Promise<AreaResult> {
  const threads = availableParallelism();
  const python = pythonWithTorch();
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
      cases.push(...(await profile(shape, threads, peak.ours, notes)));
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
      benchCase(`training step, ${name}, ${batch} x ${time}`, 'tokens/s', speed(ours), rival && { name: rival.name, value: speed(theirs) }),
      benchCase(`matrix products of that step, ${name}`, 'GFLOP/s', stepFlops(shape) / median(ours) / 1e9, { name: 'GEMM peak above', value: peak }),
    ],
  };
}

const shownOperators = 8;

/** Shares of a step by type of operator, and the rate of its matrix products by ONNX Runtime's own clock. */
async function profile(shape: StepShape, threads: number, peak: number, notes: Notes): Promise<BenchCase[]> {
  const { operators, productFlops, productShare } = await profileStep(shape, threads);
  const percent = (share: number) => 100 * share;
  const shown = operators.slice(0, shownOperators);
  const rest = 1 - shown.reduce((sum, { share }) => sum + share, 0);
  notes(`of ${shape.name}: ${operators.map(({ operator, count, seconds }) => `${operator} ${count}x ${(1000 * seconds).toFixed(1)} ms`).join(', ')}`);
  return [
    benchCase(`profile of ${shape.name}, matrix products while they run`, 'GFLOP/s', productFlops / 1e9, { name: 'GEMM peak above', value: peak }),
    benchCase(`profile of ${shape.name}, matrix products`, '% of the time', percent(productShare)),
    ...shown.map(({ operator, count, share }) => benchCase(`profile of ${shape.name}, ${operator} (${count})`, '% of the time', percent(share))),
    benchCase(`profile of ${shape.name}, everything else`, '% of the time', percent(rest)),
  ];
}

/** The fastest of many, not the median: a limit must not be lowered by what else the machine does. */
async function gemmPeak(threads: number, rival: TorchRival | undefined): Promise<BenchCase> {
  const gemm = await Gemm.create(threads);
  const best = (seconds: number[]) => gemmFlops / Math.min(...seconds) / 1e9;
  const ours = best(await gemm.run(gemmRuns));
  await gemm.dispose();
  const peer = rival && { name: rival.name, value: best(await rival.matmul(gemmRuns)) };
  return benchCase(`GEMM ${gemmSize}^3, fastest of ${gemmRuns} (the limit)`, 'GFLOP/s', ours, peer);
}
