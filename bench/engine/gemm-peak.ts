// The machine's own limit: the fastest of many large matrix products, not the median, since a limit must not be lowered by what
// else the machine does.
import { benchCase, type BenchCase } from '../report.js';
import { Gemm, gemmFlops, gemmSize } from './gemm.js';
import type { TorchRival } from './torch-rival.js';

const gemmRuns = 100;

const best = (seconds: number[]): number => gemmFlops / Math.min(...seconds) / 1e9;

/** GFLOP/s here and now. */
export async function fastestGemm(threads: number): Promise<number> {
  const gemm = await Gemm.create(threads);
  const fastest = best(await gemm.run(gemmRuns));
  await gemm.dispose();
  return fastest;
}

export async function gemmPeak(threads: number, rival?: TorchRival): Promise<BenchCase> {
  const ours = await fastestGemm(threads);
  const peer = rival && { name: rival.name, value: best(await rival.matmul(gemmRuns)) };
  return benchCase(`GEMM ${gemmSize}^3, fastest of ${gemmRuns} (the limit)`, 'GFLOP/s', ours, peer);
}
