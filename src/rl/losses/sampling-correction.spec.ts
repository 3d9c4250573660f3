import { expect, test } from 'vitest';
import { grad } from '#src/nn/grad.js';
import { input } from '#src/nn/graph.js';
import { interpret } from '#src/nn/interpret.js';
import { sum } from '#src/nn/ops.js';
import { f32, floats, i64 } from '#src/nn/tensor.js';
import { rlooLoss } from './rloo.js';
import { samplingCorrection } from './sampling-correction.js';

const vector = (...values: number[]) => f32(values, [values.length]);

test('weights are ratios of full to few bits, up to a bound, and take no gradient', () => {
  const [old, logProbs] = [input('old', 'float32', [3]), input('logProbs', 'float32', [3])];
  const { weight, gap } = samplingCorrection(old, { logProbs, ratioMax: 2 });
  const [gradient] = grad(sum(weight), [old]);
  const found = interpret({ weight, gap, gradient }, { old: vector(-1, -2, -1), logProbs: vector(-1, -1, -4) });
  expect([...floats(found.weight)].map((value) => value.toFixed(4))).toEqual(['1.0000', Math.exp(-1).toFixed(4), '2.0000']);
  expect([...floats(found.gap)]).toEqual([0, 1, 3]);
  expect([...floats(found.gradient)]).toEqual([0, 0, 0]);
});

test('leave-one-out REINFORCE weighs whole completions', () => {
  // Two completions of two tokens; padding, in the first, is of a token that nobody counts.
  const shapes = { logProbs: 5, sampled: 5, mask: 5, advantages: 2, weights: 2 };
  const nodes = Object.fromEntries(Object.entries(shapes).map(([name, size]) => [name, input(name, 'float32', [size])])) as Record<keyof typeof shapes, ReturnType<typeof input>>;
  const sequence = input('sequence', 'int64', [5]);
  const { logProbs, sampled, mask, advantages, weights } = nodes;
  const { loss, samplingWeight, samplingGap } = rlooLoss(
    { logProbs, mask, sequence, advantages, weights, sampled: { logProbs: sampled, ratioMax: 1.5 } },
    { clipLow: 0.2, clipHigh: 0.2 },
  );
  const feeds = {
    logProbs: vector(-1, -1, -2, -2, -7),
    sampled: vector(-1.1, -0.8, -3, -2, 0),
    mask: vector(1, 1, 1, 1, 0),
    advantages: vector(1, -1),
    weights: vector(0.5, 0.5),
    sequence: i64([0, 0, 1, 1, 0], [5]),
  };
  const found = interpret({ loss, samplingWeight: samplingWeight!, samplingGap: samplingGap! }, feeds);
  const expected = [Math.exp(-2 - -1.9), 1.5];
  expect(floats(found.loss)[0]).toBeCloseTo(-(expected[0] * 1 + expected[1] * -1) / 2, 6);
  expect(floats(found.samplingWeight)[0]).toBeCloseTo((expected[0] + expected[1]) / 2, 6);
  expect(floats(found.samplingGap)[0]).toBeCloseTo((0.1 + 1) / 2, 6);
});
