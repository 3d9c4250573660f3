import { describe, expect, test } from 'vitest';
import { grad } from '#src/nn/grad.js';
import { input, type Node } from '#src/nn/graph.js';
import { interpret } from '#src/nn/interpret.js';
import { f32, floats } from '#src/nn/tensor.js';
import { clippedValueLoss, ppoPolicyLoss } from './ppo.js';

function evaluated<N extends { loss: Node }>(given: Record<string, number[]>, on: string, lossOf: (at: (name: string) => Node) => N) {
  const inputs = Object.fromEntries(Object.entries(given).map(([name, values]) => [name, input(name, 'float32', [values.length])]));
  const nodes = lossOf((name) => inputs[name]);
  const [gradient] = grad(nodes.loss, [inputs[on]]);
  const feeds = Object.fromEntries(Object.entries(given).map(([name, values]) => [name, f32(values, [values.length])]));
  const results = interpret({ ...nodes, gradient }, feeds);
  return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, [...floats(tensor)]])) as Record<keyof N | 'gradient', number[]>;
}

const close = (actual: number[], expected: number[]) => expected.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 6));

describe('policy loss', () => {
  const of = (ratios: number[], advantages: number[], weights: number[]) =>
    evaluated({ logProbs: ratios.map(Math.log), oldLogProbs: ratios.map(() => 0), advantages, weights }, 'logProbs', (at) =>
      ppoPolicyLoss(
        { logProbs: at('logProbs'), oldLogProbs: at('oldLogProbs'), advantages: at('advantages'), weights: at('weights') },
        { clipLow: 0.2, clipHigh: 0.3 },
      ),
    );

  test('is held back beyond the bounds on the side of the advantage alone', () => {
    // Ratios 1.5 and 0.5; the bounds are 0.8 and 1.3.
    const { loss, gradient, clipShare } = of([1.5, 1.5, 0.5, 0.5], [1, -1, 1, -1], [0.25, 0.25, 0.25, 0.25]);
    close(loss, [(-1.3 + 1.5 - 0.5 + 0.8) / 4]);
    close(gradient, [0, 1.5 / 4, -0.5 / 4, 0]);
    close(clipShare, [0.5]);
  });

  test('tells how far the policy has moved, without padding', () => {
    const { approxKl, ratio } = of([2, 0.5, 7], [1, 1, 1], [0.5, 0.5, 0]);
    close(approxKl, [Math.LN2 ** 2 / 2]);
    close(ratio, [1.25]);
  });
});

test('value loss: the worse of the value and the value held within its range', () => {
  const { loss, gradient, clipShare } = evaluated(
    // Near; beyond the range on the way to the return; beyond it and away from the return; padding.
    { values: [1.1, 2, 2, 5], oldValues: [1, 1, 1, 0], returns: [2, 3, 0, 0], weights: [1 / 3, 1 / 3, 1 / 3, 0] },
    'values',
    (at) => clippedValueLoss({ values: at('values'), oldValues: at('oldValues'), returns: at('returns'), weights: at('weights') }, 0.2),
  );
  close(loss, [(0.9 ** 2 + 1.8 ** 2 + 2 ** 2) / 6]);
  close(gradient, [-0.9 / 3, 0, 2 / 3, 0]);
  close(clipShare, [1 / 3]);
});
