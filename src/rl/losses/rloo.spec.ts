import { expect, test } from 'vitest';
import { grad } from '#src/nn/grad.js';
import { input } from '#src/nn/graph.js';
import { interpret } from '#src/nn/interpret.js';
import { f32, floats, i64 } from '#src/nn/tensor.js';
import { leaveOneOutAdvantages, rlooLoss } from './rloo.js';

const options = { clipLow: 0.2, clipHigh: 0.3 };

interface Given {
  /** Completion after completion. */
  logProbs: number[];
  old?: number[];
  mask?: number[];
  /** Which completion a token belongs to. */
  sequence: number[];
  advantages: number[];
  weights?: number[];
}

/** Scalars by name, and the gradient on each token's log-probability. */
function evaluate({ logProbs, old, mask = logProbs.map(() => 1), sequence, advantages, weights = advantages.map(() => 1 / advantages.length) }: Given) {
  const [n, c] = [logProbs.length, advantages.length];
  const nodes = {
    logProbs: input('logProbs', 'float32', [n]),
    ...(old && { oldLogProbs: input('old', 'float32', [n]) }),
    mask: input('mask', 'float32', [n]),
    sequence: input('sequence', 'int64', [n]),
    advantages: input('advantages', 'float32', [c]),
    weights: input('weights', 'float32', [c]),
  };
  const losses = rlooLoss(nodes, options);
  const [gradient] = grad(losses.loss, [nodes.logProbs]);
  const feeds = {
    logProbs: f32(logProbs, [n]), old: f32(old ?? logProbs, [n]), mask: f32(mask, [n]), sequence: i64(sequence, [n]),
    advantages: f32(advantages, [c]), weights: f32(weights, [c]),
  };
  const results = interpret({ ...losses, gradient }, feeds);
  const numbers = Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, [...floats(tensor)]]));
  const { loss: [loss], clipLowShare: [low], clipHighShare: [high], clipShare: [both] } = numbers;
  return { loss, gradient: numbers.gradient, clipped: [low, high, both] };
}

test('the baseline is the mean of the other completions of the prompt', () => {
  const { advantages, rewardStd, zeroVariance, fracZeroStd } = leaveOneOutAdvantages([1, 2, 6, 4, 4, 4], 3, false);
  // 1 - (2 + 6) / 2, 2 - (1 + 6) / 2, 6 - (1 + 2) / 2; a group of equals has none.
  expect(advantages).toEqual([-3, -1.5, 4.5, 0, 0, 0]);
  expect([zeroVariance, fracZeroStd]).toEqual([[false, true], 0.5]);
  // Deviation of 1, 2, 6: sqrt((4 + 1 + 9) / 2) = 2.645751, and 0.
  expect(rewardStd).toBeCloseTo(1.3228757, 6);
});

test('normalised: mean 0 and deviation 1 over the step', () => {
  const { advantages } = leaveOneOutAdvantages([0, 2, 5, 5], 2, true);
  // -2, 2, 0, 0 with deviation sqrt(8 / 3) = 1.632993.
  [-1.2246698, 1.2246698, 0, 0].forEach((value, i) => expect(advantages[i]).toBeCloseTo(value, 6));
});

test('by the policy that wrote them it is REINFORCE: every token of a completion is pushed by its advantage', () => {
  const { loss, gradient, clipped } = evaluate({ logProbs: [-1, -2, -3], sequence: [0, 0, 1], advantages: [3, -1] });
  // Ratios are 1: -(3 - 1) / 2.
  expect(loss).toBeCloseTo(-1, 6);
  expect(gradient).toEqual([-1.5, -1.5, 0.5]);
  expect(clipped).toEqual([0, 0, 0]);
});

test('the ratio is that of the whole completion, and clipped as one', () => {
  const old = [-1, -1, -1];
  // The first completion is e^(0.2 + 0.2) = 1.491825 times as likely, beyond 1.3; the second e^-0.1 = 0.904837 times.
  const { loss, gradient, clipped } = evaluate({ logProbs: [-0.8, -0.8, -1.1], old, sequence: [0, 0, 1], advantages: [2, -1] });
  expect(loss).toBeCloseTo(-(1.3 * 2 - 0.904837) / 2, 6);
  expect(gradient.slice(0, 2).map(Math.abs)).toEqual([0, 0]);
  expect(gradient[2]).toBeCloseTo(0.4524187, 6);
  expect(clipped).toEqual([0, 0.5, 0.5]);
  // Away from where its advantage pulls it, it is not held back.
  const back = evaluate({ logProbs: [-0.8, -0.8, -1.1], old, sequence: [0, 0, 1], advantages: [-2, -1] });
  expect(back.loss).toBeCloseTo((1.491825 * 2 + 0.904837) / 2, 5);
  expect(back.clipped).toEqual([0, 0, 0]);
});

test('masked tokens and completions that only pad are not there', () => {
  const plain = evaluate({ logProbs: [-0.9], old: [-1], sequence: [0], advantages: [2] });
  const padded = evaluate({ logProbs: [-0.9, -9, -9], old: [-1, -1, -1], mask: [1, 0, 0], sequence: [0, 0, 1], advantages: [2, 5], weights: [1, 0] });
  expect(padded.loss).toBeCloseTo(plain.loss, 6);
  expect(padded.gradient[0]).toBeCloseTo(plain.gradient[0], 6);
  expect(padded.gradient.slice(1).map(Math.abs)).toEqual([0, 0]);
});
