import { describe, expect, it } from 'vitest';
import { constant, input, type Node } from './graph.js';
import { planMemory } from './memory-plan.js';
import { add, concat, matmul, reshape, softmaxMatmul, softmaxWeights, sum, tanh } from './ops.js';
import { zeros } from './tensor.js';

const floats = 4;

describe('planMemory', () => {
  it('counts what is fed, built in and given back, and nothing twice', () => {
    const x = input('x', 'float32', [10, 10]);
    const y = matmul(x, constant(zeros([10, 5])));
    expect(planMemory({ y, again: y })).toEqual({
      inputs: 100 * floats,
      constants: 50 * floats,
      outputs: 2 * 50 * floats,
      activations: 0,
      floatingPointOperations: 2 * 10 * 10 * 5,
      operators: 1,
    });
  });

  it('lets a value die at its last use, and an elementwise operator take its place', () => {
    const x = input('x', 'float32', [100]);
    const chain = (length: number): Node => Array.from({ length }).reduce((node: Node) => tanh(node), x);
    expect(planMemory({ y: sum(chain(1)) }).activations).toBe(100 * floats);
    expect(planMemory({ y: sum(chain(9)) }).activations).toBe(100 * floats);
    // Concat cannot write over its inputs.
    const wide = concat([tanh(x), add(x, 1)], 0);
    expect(planMemory({ y: sum(wide) }).activations).toBe(400 * floats);
  });

  it('counts the weights of attention from where they are written to where they are read', () => {
    const scores = input('scores', 'float32', [1, 20, 30]);
    const mixed = softmaxMatmul(scores, input('values', 'float32', [1, 30, 2]));
    const later = tanh(tanh(sum(mixed)));
    const [weights, out] = [20 * 30, 20 * 2];
    expect(planMemory({ later }).activations).toBe((weights + out) * floats);
    expect(planMemory({ late: add(later, sum(softmaxWeights(mixed))) }).activations).toBe((weights + out + 1) * floats);
  });

  it('keeps a value alive through its views until the last user', () => {
    const x = input('x', 'float32', [10, 10]);
    const early = tanh(x);
    const late = add(sum(tanh(tanh(early))), sum(reshape(early, [100])));
    expect(planMemory({ late }).activations).toBe((100 + 100 + 1) * floats);
  });
});
