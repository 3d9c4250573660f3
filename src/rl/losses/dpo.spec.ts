import { expect, test } from 'vitest';
import { grad } from '#src/nn/grad.js';
import { input } from '#src/nn/graph.js';
import { interpret } from '#src/nn/interpret.js';
import { f32, floats, i64 } from '#src/nn/tensor.js';
import { dpoLoss, type DpoOptions } from './dpo.js';

interface Given {
  logProbs: number[];
  ref: number[];
  lengths?: number[];
  /** Chosen, rejected. */
  pairs?: [number, number][];
  weights?: number[];
}

/** Scalars by name, and the gradient on each completion's log-probability. */
function evaluate({ logProbs, ref, lengths = logProbs.map(() => 1), pairs = [[0, 1]], weights = pairs.map(() => 1 / pairs.length) }: Given, options: DpoOptions) {
  const [n, p] = [logProbs.length, pairs.length];
  const of = (name: string, size: number) => input(name, 'float32', [size]);
  const nodes = {
    logProbs: of('logProbs', n), refLogProbs: of('ref', n), lengths: of('lengths', n), weights: of('weights', p),
    chosen: input('chosen', 'int64', [p]), rejected: input('rejected', 'int64', [p]),
  };
  const losses = dpoLoss(nodes, options);
  const [gradient] = grad(losses.loss, [nodes.logProbs]);
  const feeds = {
    logProbs: f32(logProbs, [n]), ref: f32(ref, [n]), lengths: f32(lengths, [n]), weights: f32(weights, [p]),
    chosen: i64(pairs.map(([chosen]) => chosen), [p]), rejected: i64(pairs.map(([, rejected]) => rejected), [p]),
  };
  const results = interpret({ ...losses, gradient }, feeds);
  const { gradient: g, ...scalars } = Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, [...floats(tensor)]]));
  const value = (name: keyof typeof losses): number => scalars[name][0];
  return { value, gradient: g };
}

const sigmoid: DpoOptions = { lossType: 'sigmoid', beta: 0.5, labelSmoothing: 0 };
/** Log-ratios 2 and -1: rewards 1 and -0.5, margin 1.5 at beta 0.5. */
const pair = { logProbs: [-3, -6], ref: [-5, -5], lengths: [4, 2] };

test('sigmoid: minus log sigmoid of the margin; each side is pulled by how wrong the model is, times beta', () => {
  const { value, gradient } = evaluate(pair, sigmoid);
  // ln(1 + e^-1.5) = 0.2014133; sigmoid(-1.5) = 0.1824255, times 0.5.
  expect(value('loss')).toBeCloseTo(0.2014133, 6);
  expect(gradient[0]).toBeCloseTo(-0.0912128, 6);
  expect(gradient[1]).toBeCloseTo(0.0912128, 6);
  expect(['chosenRewards', 'rejectedRewards', 'margins', 'accuracies'].map((name) => value(name as 'margins'))).toEqual([1, -0.5, 1.5, 1]);
  expect([value('chosenLogProbs'), value('rejectedLogProbs')]).toEqual([-3, -6]);
});

test('at the reference the loss is ln 2 whatever the completions, and a tie is wrong', () => {
  const { value } = evaluate({ logProbs: [-9, -2], ref: [-9, -2] }, sigmoid);
  expect(value('loss')).toBeCloseTo(Math.LN2, 6);
  expect(value('accuracies')).toBe(0);
});

test('smoothing: the loss of both labels, by how likely each is', () => {
  const { value, gradient } = evaluate(pair, { ...sigmoid, labelSmoothing: 0.1 });
  // 0.9 ln(1 + e^-1.5) + 0.1 ln(1 + e^1.5) = 0.9 x 0.2014133 + 0.1 x 1.7014133.
  expect(value('loss')).toBeCloseTo(0.3514133, 6);
  // -beta (0.9 sigmoid(-1.5) - 0.1 sigmoid(1.5)) = -0.5 (0.1641829 - 0.0817574).
  expect(gradient[0]).toBeCloseTo(-0.0412128, 6);
});

test('hinge: what is missing to a margin of 1, and nothing beyond', () => {
  const hinge: DpoOptions = { ...sigmoid, lossType: 'hinge' };
  expect(evaluate(pair, hinge).value('loss')).toBe(0);
  expect(evaluate(pair, hinge).gradient.map(Math.abs)).toEqual([0, 0]);
  // Margin 0.2 x 3 = 0.6.
  const { value, gradient } = evaluate(pair, { ...hinge, beta: 0.2 });
  expect(value('loss')).toBeCloseTo(0.4, 6);
  expect(gradient[0]).toBeCloseTo(-0.2, 6);
});

test('ipo: the square of how far the difference per token is from 1 / (2 beta)', () => {
  const { value, gradient } = evaluate(pair, { ...sigmoid, lossType: 'ipo' });
  // Per token 2/4 and -1/2: a difference of 1, which is the target at beta 0.5.
  expect(value('loss')).toBeCloseTo(0, 6);
  const wide = evaluate(pair, { ...sigmoid, lossType: 'ipo', beta: 0.1 });
  // (1 - 5)^2; 2 (1 - 5) / 4 on the chosen one of four tokens, -2 (1 - 5) / 2 on the rejected one of two.
  expect(wide.value('loss')).toBeCloseTo(16, 4);
  expect(wide.gradient[0]).toBeCloseTo(-2, 5);
  expect(wide.gradient[1]).toBeCloseTo(4, 5);
  expect(gradient.map((of) => Math.round(1e6 * of) + 0)).toEqual([0, 0]);
});

test('a completion of several pairs gets the gradients of all; a pair without weight is not there', () => {
  const three = { logProbs: [-3, -6, -4], ref: [-5, -5, -4], pairs: [[0, 1], [0, 2], [2, 1]] as [number, number][] };
  const all = evaluate(three, sigmoid);
  const single = three.pairs.map((one) => evaluate({ ...three, pairs: [one] }, sigmoid));
  expect(all.value('loss')).toBeCloseTo(single.reduce((total, { value }) => total + value('loss'), 0) / 3, 6);
  three.logProbs.forEach((_, c) => expect(all.gradient[c]).toBeCloseTo(single.reduce((total, { gradient }) => total + gradient[c], 0) / 3, 6));
  const padded = evaluate({ ...three, pairs: [[0, 1], [0, 0]], weights: [1, 0] }, sigmoid);
  expect(padded.value('loss')).toBeCloseTo(single[0].value('loss'), 6);
  expect(padded.value('accuracies')).toBe(1);
});
