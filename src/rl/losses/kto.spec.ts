import { expect, test } from 'vitest';
import { grad } from '#src/nn/grad.js';
import { input } from '#src/nn/graph.js';
import { interpret } from '#src/nn/interpret.js';
import { f32, floats, scalarTensor } from '#src/nn/tensor.js';
import { ktoLoss } from './kto.js';

const beta = 0.5;
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Two desirable completions and one undesirable one, and a fourth place that only pads. */
function evaluate(logRatios: readonly number[], kl: number, [wD, wU] = [1, 1]) {
  const names = ['logProbs', 'refLogProbs', 'sign', 'weights', 'desirable', 'undesirable', 'share'] as const;
  const of = (name: string) => input(name, 'float32', [4]);
  const nodes = { ...(Object.fromEntries(names.map((name) => [name, of(name)])) as Record<(typeof names)[number], ReturnType<typeof of>>), kl: input('kl', 'float32', []) };
  const losses = ktoLoss(nodes, beta);
  const [gradient] = grad(losses.loss, [nodes.logProbs]);
  const columns: Record<(typeof names)[number], number[]> = {
    logProbs: [...logRatios.map((ratio) => ratio - 7), -9],
    refLogProbs: [-7, -7, -7, 0],
    sign: [1, 1, -1, 0],
    weights: [wD / 3, wD / 3, wU / 3, 0],
    desirable: [1 / 2, 1 / 2, 0, 0],
    undesirable: [0, 0, 1, 0],
    share: [1 / 3, 1 / 3, 1 / 3, 0],
  };
  const feeds = { ...Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, f32(values, [4])])), kl: scalarTensor(kl) };
  const results = interpret({ ...losses, gradient }, feeds);
  const found = Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, [...floats(tensor)]]));
  return { found, value: (name: keyof typeof losses) => found[name][0] };
}

test('where the policy is the reference every completion loses half', () => {
  expect(evaluate([0, 0, 0], 0).value('loss')).toBeCloseTo(0.5, 6);
});

test('the loss is that of equation 8, each completion against the reference point', () => {
  const { value } = evaluate([2, -1, 3], 0.4, [1.5, 0.8]);
  const expected = (1.5 * (1 - sigmoid(beta * (2 - 0.4))) + 1.5 * (1 - sigmoid(beta * (-1 - 0.4))) + 0.8 * (1 - sigmoid(beta * (0.4 - 3)))) / 3;
  expect(value('loss')).toBeCloseTo(expected, 6);
  expect(value('kl')).toBeCloseTo(0.4, 6);
});

test('rewards are means of each kind, padding aside', () => {
  const { value } = evaluate([2, -1, 3], 0.4);
  expect(value('desirableRewards')).toBeCloseTo(beta * 0.5, 6);
  expect(value('undesirableRewards')).toBeCloseTo(beta * 3, 6);
  expect(value('desirableLogProbs')).toBeCloseTo(0.5 - 7, 6);
  expect(value('undesirableLogProbs')).toBeCloseTo(3 - 7, 6);
});

test('desirable completions are made likelier and undesirable ones less likely, those far from the reference point hardly', () => {
  const { found } = evaluate([0, 60, 0], 0);
  const [near, far, bad, padding] = found.gradient;
  expect(near).toBeLessThan(0);
  expect(bad).toBeGreaterThan(0);
  expect(Math.abs(far)).toBeLessThan(1e-9);
  expect(padding).toBeCloseTo(0, 12);
});
