// A profile as lines of the table: shares by type of operator, and the rate of the matrix products by ONNX Runtime's own clock.
import type { Notes } from '../area.js';
import { benchCase, type BenchCase } from '../report.js';
import { fastestGemm } from './gemm-peak.js';
import { profileStep, type Profiled } from './profile.js';

const shownOperators = 8;
/** Products run at this share of the peak at least: what is beyond is the runtime's. */
const productGoal = 0.85;

export interface ProfiledKind {
  name: string;
  /** Of a step whose session writes its profile to files that begin so. */
  start: (profilePrefix: string) => Profiled;
  /** Bytes that the process may need for all profiled steps. */
  memory: number;
}

/** The peak is measured before and after, since a machine shared with others is not always as fast. */
export async function profileCases({ name, start, memory }: ProfiledKind, threads: number, notes: Notes): Promise<BenchCase[]> {
  const before = await fastestGemm(threads);
  const { operators, productFlops, productShare, outside } = await profileStep(start, memory);
  const peak = Math.max(before, await fastestGemm(threads));
  const percent = (share: number) => 100 * share;
  const shown = operators.slice(0, shownOperators);
  const rest = 1 - shown.reduce((sum, { share }) => sum + share, 0);
  notes(`of ${name}: ${operators.map(({ operator, count, seconds }) => `${operator} ${count}x ${(1000 * seconds).toFixed(1)} ms`).join(', ')}`);
  return [
    benchCase(`profile of ${name}, matrix products while they run`, 'GFLOP/s', productFlops / 1e9, { name: 'GEMM peak around it', value: peak }, productGoal),
    benchCase(`profile of ${name}, matrix products`, '% of the graph', percent(productShare)),
    ...shown.map(({ operator, count, share }) => benchCase(`profile of ${name}, ${operator} (${count})`, '% of the graph', percent(share))),
    benchCase(`profile of ${name}, everything else`, '% of the graph', percent(rest)),
    benchCase(`profile of ${name}, optimizer and all else outside the graph`, '% of the step', percent(outside)),
  ];
}
