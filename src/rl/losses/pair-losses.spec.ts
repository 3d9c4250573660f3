import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { emitModel } from '#src/nn/emit.js';
import { grad } from '#src/nn/grad.js';
import { input, type Node } from '#src/nn/graph.js';
import { Session } from '#src/nn/session.js';
import { f32, floats } from '#src/nn/tensor.js';
import { bradleyTerryLoss, type PairRewards, tiedLoss } from './bradley-terry.js';
import { pointwiseLoss } from './pointwise.js';

// Three pairs and one that only pads.
const chosen = [1.5, -0.3, 40, 7];
const rejected = [0.5, 0.9, -45, 7];
const weights = [1, 1, 1, 0];
const margins = [0.5, 0, 2, 9];
const tied = [0, 1, 0, 0];

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const lost = (x: number) => Math.log1p(Math.exp(-Math.abs(x))) + Math.max(0, -x); // -log sigmoid(x)
const meanOfThree = (f: (i: number) => number) => (f(0) + f(1) + f(2)) / 3;
const vector = (name: string) => input(name, 'float32', [4]);

interface Case {
  name: string;
  build: (pairs: PairRewards, margin: Node, tied: Node) => Node;
  /** The same loss in plain arithmetic, in float64. */
  expected: (chosen: number[], rejected: number[]) => number;
}

const cases: Case[] = [
  {
    name: 'Bradley-Terry',
    build: (pairs) => bradleyTerryLoss(pairs),
    expected: (c, r) => meanOfThree((i) => lost(c[i] - r[i])),
  },
  {
    name: 'Bradley-Terry with margin, centering and smoothing',
    build: (pairs, margin) => bradleyTerryLoss(pairs, { margin, centering: 0.01, labelSmoothing: 0.1 }),
    expected: (c, r) =>
      meanOfThree((i) => {
        const d = c[i] - r[i] - margins[i];
        return 0.9 * lost(d) + 0.1 * lost(-d) + 0.01 * (c[i] + r[i]) ** 2;
      }),
  },
  {
    name: 'Bradley-Terry with a tie as half a win',
    build: (pairs, margin, tied) => bradleyTerryLoss(pairs, { margin, labelSmoothing: 0.1, ties: { tied, model: { kind: 'half' } } }),
    expected: (c, r) =>
      meanOfThree((i) => {
        const d = c[i] - r[i] - margins[i];
        return i === 1 ? 0.5 * lost(d) + 0.5 * lost(-d) : 0.9 * lost(d) + 0.1 * lost(-d);
      }),
  },
  {
    name: 'Rao-Kupper with smoothing',
    build: (pairs, margin, tied) =>
      bradleyTerryLoss(pairs, { margin, labelSmoothing: 0.1, ties: { tied, model: { kind: 'rao_kupper', threshold: 0.7 } } }),
    expected: (c, r) =>
      meanOfThree((i) => {
        const d = c[i] - r[i] - margins[i];
        const tie = lost(d - 0.7) + lost(-d - 0.7) - Math.log(Math.exp(1.4) - 1);
        return i === 1 ? tie : 0.9 * lost(d - 0.7) + 0.1 * lost(-d - 0.7);
      }),
  },
  {
    name: 'pointwise with a tie',
    build: (pairs, _, tied) => pointwiseLoss(pairs, { tied }),
    expected: (c, r) =>
      meanOfThree((i) => (i === 1 ? (lost(c[i]) + lost(-c[i]) + lost(r[i]) + lost(-r[i])) / 4 : (lost(c[i]) + lost(-r[i])) / 2)),
  },
  {
    name: 'pointwise',
    build: (pairs) => pointwiseLoss(pairs),
    expected: (c, r) => meanOfThree((i) => (lost(c[i]) + lost(-r[i])) / 2),
  },
  {
    name: 'pointwise with centering and smoothing',
    build: (pairs) => pointwiseLoss(pairs, { centering: 0.02, labelSmoothing: 0.2 }),
    expected: (c, r) =>
      meanOfThree((i) => {
        const both = 0.8 * lost(c[i]) + 0.2 * lost(-c[i]) + 0.2 * lost(r[i]) + 0.8 * lost(-r[i]);
        return both / 2 + 0.02 * (c[i] + r[i]) ** 2;
      }),
  },
];

describe.each(cases)('$name', ({ build, expected }) => {
  let session: Session;
  beforeAll(async () => {
    const pairs = { chosen: vector('chosen'), rejected: vector('rejected'), weights: vector('weights') };
    const loss = build(pairs, vector('margins'), vector('tied'));
    const [onChosen, onRejected] = grad(loss, [pairs.chosen, pairs.rejected]);
    session = await Session.create(emitModel({ loss, onChosen, onRejected }));
  });
  afterAll(() => session.dispose());

  const run = async () => {
    const feeds = { chosen, rejected, weights, margins, tied };
    const tensors = Object.fromEntries(Object.entries(feeds).map(([name, values]) => [name, f32(values, [4])]));
    const { loss, onChosen, onRejected } = await session.run(tensors);
    return { loss: floats(loss)[0], onChosen: [...floats(onChosen)], onRejected: [...floats(onRejected)] };
  };

  test('value', async () => {
    expect((await run()).loss).toBeCloseTo(expected(chosen, rejected), 4);
  });

  test('gradient against central differences', async () => {
    const { onChosen, onRejected } = await run();
    const nudged = (values: number[], i: number, by: number) => values.map((value, j) => (j === i ? value + by : value));
    const h = 1e-5;
    for (let i = 0; i < 4; i++) {
      const dc = (expected(nudged(chosen, i, h), rejected) - expected(nudged(chosen, i, -h), rejected)) / (2 * h);
      const dr = (expected(chosen, nudged(rejected, i, h)) - expected(chosen, nudged(rejected, i, -h))) / (2 * h);
      expect(onChosen[i]).toBeCloseTo(dc, 5);
      expect(onRejected[i]).toBeCloseTo(dr, 5);
    }
  });
});

test('the gradient on the chosen reward is -sigmoid(-d) / pairs', async () => {
  const pairs = { chosen: vector('chosen'), rejected: vector('rejected'), weights: vector('weights') };
  const [onChosen] = grad(bradleyTerryLoss(pairs), [pairs.chosen]);
  const session = await Session.create(emitModel({ onChosen }));
  const given = { chosen: f32(chosen, [4]), rejected: f32(rejected, [4]), weights: f32(weights, [4]) };
  const values = floats((await session.run(given)).onChosen);
  [0, 1, 2].forEach((i) => expect(values[i]).toBeCloseTo(-sigmoid(rejected[i] - chosen[i]) / 3, 6));
  expect(values[3]).toBe(-0);
  await session.dispose();
});

test('a pair of weight 3 counts as three of weight 1', async () => {
  const loss = bradleyTerryLoss({ chosen: vector('chosen'), rejected: vector('rejected'), weights: vector('weights') });
  const session = await Session.create(emitModel({ loss }));
  const of = async (c: number[], w: number[]) => {
    const { loss: value } = await session.run({ chosen: f32(c, [4]), rejected: f32([0, 0, 0, 0], [4]), weights: f32(w, [4]) });
    return floats(value)[0];
  };
  expect(await of([1, -2, 0, 0], [3, 1, 0, 0])).toBeCloseTo(await of([1, 1, 1, -2], [1, 1, 1, 1]), 6);
  await session.dispose();
});

test('the three outcomes of Rao and Kupper have a probability of 1 together', async () => {
  const distance = input('distance', 'float32', [4]);
  const tie = tiedLoss(distance, { kind: 'rao_kupper', threshold: 0.7 });
  const session = await Session.create(emitModel({ tie }));
  const gaps = [-3, 0, 0.4, 5];
  const values = floats((await session.run({ distance: f32(gaps, [4]) })).tie);
  gaps.forEach((d, i) => expect(Math.exp(-values[i]) + sigmoid(d - 0.7) + sigmoid(-d - 0.7)).toBeCloseTo(1, 5));
  await session.dispose();
});
