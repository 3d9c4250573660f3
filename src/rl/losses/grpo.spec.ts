import { expect, test } from 'vitest';
import { grad } from '#src/nn/grad.js';
import { input } from '#src/nn/graph.js';
import { interpret } from '#src/nn/interpret.js';
import { f32, floats, scalarTensor } from '#src/nn/tensor.js';
import { grpoLoss, type GrpoOptions } from './grpo.js';

const options: GrpoOptions = { beta: 0.1, clipLow: 0.2, clipHigh: 0.3 };

interface Tokens {
  logProbs: number[];
  old?: number[];
  ref?: number[];
  advantages: number[];
  mask?: number[];
}

/** Scalars by name, and the gradient on each log-probability. */
function evaluate(
  { logProbs, old, ref, advantages, mask = logProbs.map(() => 1) }: Tokens,
  given: GrpoOptions = options,
) {
  const n = logProbs.length;
  const vector = (name: string) => input(name, 'float32', [n]);
  const nodes = {
    logProbs: vector('logProbs'),
    ...(old && { oldLogProbs: vector('old') }),
    ...(ref && { refLogProbs: vector('ref') }),
    advantages: vector('advantages'),
    mask: vector('mask'),
    tokens: input('tokens', 'float32', []),
  };
  const losses = grpoLoss(nodes, given);
  const [gradient] = grad(losses.loss, [nodes.logProbs]);
  const feeds = { logProbs, old: old ?? [], ref: ref ?? [], advantages, mask };
  const tensors = Object.fromEntries(
    Object.entries(feeds).map(([name, values]) => [name, f32(values, [values.length])]),
  );
  const tokens = scalarTensor(mask.reduce((a, b) => a + b, 0));
  const results = interpret({ ...losses, gradient }, { ...tensors, tokens });
  const numbers = Object.fromEntries(
    Object.entries(results).map(([name, tensor]) => [name, [...floats(tensor)]]),
  );
  return { ...numbers, loss: numbers.loss[0], gradient: numbers.gradient, figures: numbers };
}

test('ratios inside the clip range: mean of -ratio * advantage', () => {
  // ratios e^0.1 = 1.105171 and e^-0.1 = 0.904837; loss = -(1.105171 * 2 - 0.904837 * 1) / 2
  const { loss, gradient } = evaluate({ logProbs: [-0.9, -1.1], old: [-1, -1], advantages: [2, -1] });
  expect(loss).toBeCloseTo(-0.6527525, 6);
  expect(gradient[0]).toBeCloseTo(-1.105171, 5);
  expect(gradient[1]).toBeCloseTo(0.4524187, 5);
});

test('a ratio beyond the bound its advantage pulls it over is clipped and has no gradient', () => {
  // ratio e^0.5 = 1.6487 > 1.3 with A > 0: -1.3 * 2; ratio e^-0.5 = 0.6065 < 0.8 with A < 0: 0.8 * 1.
  const { loss, gradient, figures } = evaluate({
    logProbs: [-0.5, -1.5],
    old: [-1, -1],
    advantages: [2, -1],
  });
  expect(loss).toBeCloseTo((-2.6 + 0.8) / 2, 6);
  expect(gradient).toEqual([0, 0]);
  expect([figures.clipLowShare[0], figures.clipHighShare[0], figures.clipShare[0]]).toEqual([0.5, 0.5, 1]);
});

test('a ratio beyond the other bound keeps its gradient', () => {
  const { loss, gradient, figures } = evaluate({
    logProbs: [-0.5, -1.5],
    old: [-1, -1],
    advantages: [-1, 2],
  });
  expect(loss).toBeCloseTo((Math.exp(0.5) - 2 * Math.exp(-0.5)) / 2, 5);
  expect(gradient[0]).toBeCloseTo(Math.exp(0.5) / 2, 5);
  expect(gradient[1]).toBeCloseTo(-Math.exp(-0.5), 5);
  expect(figures.clipShare[0]).toBe(0);
});

test('k3: zero at the reference, beta times its mean in the loss, gradient beta (1 - ref / pi)', () => {
  const same = evaluate({ logProbs: [-1, -2], ref: [-1, -2], advantages: [0, 0] });
  expect(same.loss).toBeCloseTo(0, 12);
  // difference 0.5: e^0.5 - 0.5 - 1 = 0.1487213; difference -1: e^-1 + 1 - 1 = 0.3678794; mean 0.2583004.
  const { loss, gradient, figures } = evaluate({ logProbs: [-1, -1], ref: [-0.5, -2], advantages: [0, 0] });
  expect(figures.kl[0]).toBeCloseTo(0.2583004, 6);
  expect(loss).toBeCloseTo(0.02583004, 6);
  expect(gradient[0]).toBeCloseTo((0.1 * (1 - Math.exp(0.5))) / 2, 6);
  expect(gradient[1]).toBeCloseTo((0.1 * (1 - Math.exp(-1))) / 2, 6);
});

test('without old log-probabilities the ratio is 1 and the gradient that of the policy gradient', () => {
  const { loss, gradient, figures } = evaluate({ logProbs: [-1, -3, -2], advantages: [1, 1, -2] });
  expect(loss).toBeCloseTo(0, 12);
  [-1 / 3, -1 / 3, 2 / 3].forEach((value, i) => expect(gradient[i]).toBeCloseTo(value, 6));
  expect(figures.clipShare[0]).toBe(0);
  expect(figures.kl).toBeUndefined();
});

test('masked tokens count neither above nor below the line', () => {
  const short = evaluate({ logProbs: [-0.9], old: [-1], ref: [-2], advantages: [2] });
  const padded = evaluate({
    logProbs: [-0.9, -9],
    old: [-1, -1],
    ref: [-2, -3],
    advantages: [2, 5],
    mask: [1, 0],
  });
  expect(padded.loss).toBeCloseTo(short.loss, 6);
  expect(padded.gradient[1]).toBe(0);
  expect(padded.figures.kl[0]).toBeCloseTo(short.figures.kl[0], 6);
});
