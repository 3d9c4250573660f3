// The machine's own limit: the fastest of many large matrix products, not the median, since a limit must not be lowered by what
// else the machine does.
import { benchCase, type BenchCase } from '../report.js';
import { Gemm, gemmFlops, gemmSize } from './gemm.js';
import type { TorchRival } from './torch-rival.js';

const gemmRuns = 100;

export async function gemmPeak(threads: number, rival?: TorchRival): Promise<BenchCase> {
  const gemm = await Gemm.create(threads);
  const best = (seconds: number[]) => gemmFlops / Math.min(...seconds) / 1e9;
  const ours = best(await gemm.run(gemmRuns));
  await gemm.dispose();
  const peer = rival && { name: rival.name, value: best(await rival.matmul(gemmRuns)) };
  return benchCase(`GEMM ${gemmSize}^3, fastest of ${gemmRuns} (the limit)`, 'GFLOP/s', ours, peer);
}
