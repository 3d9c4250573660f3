// Where the time of a training step goes: ONNX Runtime's own profile of every operator, added up by type, and how fast the
// matrix products among them are.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../statistics.js';
import { touchMemory } from './touched-memory.js';

interface OperatorTime {
  operator: string;
  count: number;
  seconds: number;
  /** Of the whole run, what is between operators included. */
  share: number;
}

export interface StepProfile {
  /** Longest first. */
  operators: OperatorTime[];
  /** Of all matrix products, per second. */
  productFlops: number;
  /** Share of the run that is matrix products. */
  productShare: number;
  /** Of the run of the graph. */
  seconds: number;
}

/** An entry of the trace: the time of one operator in one run, or of a whole run. Microseconds. */
interface TraceEvent {
  name: string;
  dur: number;
  args?: { op_name?: string; input_type_shape?: Record<string, number[]>[]; output_type_shape?: Record<string, number[]>[] };
}

const [warmup, runs] = [1, 5];
const products = new Set(['Gemm', 'MatMul', 'FusedMatMul']);

/** What can be run with the runtime's profile on. */
export interface Profiled {
  /** Seconds of one step, what is outside the graph included. */
  run(): Promise<number>;
  /** Writes the profile, and ends. */
  end(): Promise<void>;
}

/**
 * @param start of a step whose session writes its profile to files that begin so
 * @param memory bytes to have at hand
 */
export async function profileStep(start: (profilePrefix: string) => Profiled, memory: number): Promise<StepProfile & { outside: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-profile-'));
  const release = await touchMemory(memory);
  try {
    const step = start(join(folder, 'step'));
    const seconds: number[] = [];
    for (let i = 0; i < warmup + runs; i++) seconds.push(await step.run());
    await step.end();
    const [file] = readdirSync(folder);
    const profile = summarize(JSON.parse(readFileSync(join(folder, file), 'utf8')) as TraceEvent[]);
    return { ...profile, outside: 1 - profile.seconds / median(seconds.slice(warmup)) };
  } finally {
    await release();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Medians over the runs of a trace but the first. */
export function summarize(trace: readonly TraceEvent[]): StepProfile {
  const whole = trace.filter(({ name }) => name === 'model_run').map(({ dur }) => dur);
  const kernels = trace.filter(({ name }) => name.endsWith('_kernel_time'));
  const perRun = kernels.length / whole.length;
  const timed = kernels.slice(0, perRun).map((event, i) => ({ event, seconds: median(whole.slice(warmup).map((_, run) => kernels[(run + warmup) * perRun + i].dur)) / 1e6 }));
  const total = median(whole.slice(warmup)) / 1e6;
  const byType = new Map<string, OperatorTime>();
  let [flops, productSeconds] = [0, 0];
  for (const { event, seconds } of timed) {
    const operator = event.args?.op_name ?? 'unknown';
    const sum = byType.get(operator) ?? { operator, count: 0, seconds: 0, share: 0 };
    byType.set(operator, { operator, count: sum.count + 1, seconds: sum.seconds + seconds, share: sum.share + seconds / total });
    if (!products.has(operator)) continue;
    flops += productFlops(event);
    productSeconds += seconds;
  }
  const operators = [...byType.values()].sort((a, b) => b.seconds - a.seconds);
  return { operators, productFlops: flops / productSeconds, productShare: productSeconds / total, seconds: total };
}

/** Two for each element of the result and each step of the inner axis, which follows from the sizes of the three. */
function productFlops({ args }: TraceEvent): number {
  const [a, b] = (args?.input_type_shape ?? []).map(shapeOf);
  const [out] = (args?.output_type_shape ?? []).map(shapeOf);
  const matrices = size(out.slice(0, -2));
  const inner = Math.sqrt((size(a) * size(b)) / (size(out) * matrices));
  return 2 * size(out) * inner;
}

const shapeOf = (typed: Record<string, number[]>): number[] => Object.values(typed)[0];
const size = (shape: readonly number[]): number => shape.reduce((total, dim) => total * dim, 1);
