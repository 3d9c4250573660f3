import { describe, expect, it } from 'vitest';
import { summarize } from './profile.js';

const kernel = (op_name: string, dur: number, inputs: number[][] = [[1]], output: number[] = [1]) => ({
  name: `${op_name}_1_kernel_time`,
  dur,
  args: { op_name, input_type_shape: inputs.map((shape) => ({ float: shape })), output_type_shape: [{ float: output }] },
});
const run = (gemm: number, matmul: number, add: number, whole: number) => [
  kernel('Gemm', gemm, [[4, 8], [16, 8]], [4, 16]),
  kernel('FusedMatMul', matmul, [[2, 3, 4, 8], [2, 3, 8, 5]], [2, 3, 4, 5]),
  kernel('Add', add),
  kernel('Add', add),
  { name: 'model_run', dur: whole },
];

describe('the profile of a step', () => {
  it('adds up by type the medians of all runs but the first', () => {
    const { operators } = summarize([...run(900, 900, 900, 9000), ...run(60, 20, 5, 100), ...run(50, 20, 5, 100), ...run(70, 20, 5, 100)]);
    expect(operators).toEqual([
      { operator: 'Gemm', count: 1, seconds: 60e-6, share: expect.closeTo(0.6, 9) as number },
      { operator: 'FusedMatMul', count: 1, seconds: 20e-6, share: expect.closeTo(0.2, 9) as number },
      { operator: 'Add', count: 2, seconds: 10e-6, share: expect.closeTo(0.1, 9) as number },
    ]);
  });

  it('knows the work of products from their shapes', () => {
    const { productFlops, productShare } = summarize([...run(1, 1, 1, 1), ...run(60, 20, 5, 100)]);
    expect(productFlops).toBeCloseTo((2 * 4 * 16 * 8 + 2 * 6 * 4 * 5 * 8) / 80e-6, 0);
    expect(productShare).toBeCloseTo(0.8, 9);
  });
});
