import { describe, expect, it } from 'vitest';
import { constant, input, type Node } from '../graph.js';
import { interpret } from '../interpret.js';
import { runOnce } from '../testing.fixture.js';
import { f32, scalarTensor } from '../tensor.js';
import { adamw, adamwRates, stepScalars, type AdamWOptions } from './adamw.js';
import { clipFactor, globalNorm } from './clip.js';
import { learningRate } from './schedule.js';

const one = (value: number) => f32([value], [1]);
const state = (p: number, m: number, v: number) => ({ p: one(p), m: one(m), v: one(v) });

function stepGraph(options: AdamWOptions & { decay: boolean }, clip?: number): Record<string, Node> {
  const node = (name: string) => input(name, 'float32', [1]);
  const scalar = (name: string) => input(name, 'float32', []);
  const rates = { rate: scalar('rate'), correction1: scalar('c1'), correction2: scalar('c2') };
  const scalars = stepScalars(clip === undefined ? rates : { ...rates, clip: constant(scalarTensor(clip)) }, options);
  const after = adamw({ param: node('p'), m: node('m'), v: node('v') }, node('g'), scalars, options);
  return { p2: after.param, m2: after.m, v2: after.v };
}

function ratesAt(step: number, options: AdamWOptions) {
  const { rate, correction1, correction2 } = adamwRates(step, 0.1, options);
  return { rate: scalarTensor(rate), c1: scalarTensor(correction1), c2: scalarTensor(correction2) };
}

async function step(options: AdamWOptions & { decay: boolean }, at: number, p: number, m: number, v: number, g: number) {
  const out = await runOnce(stepGraph(options), { ...state(p, m, v), g: one(g), ...ratesAt(at, options) });
  return ['p2', 'm2', 'v2'].map((name) => Number(out[name].data[0]));
}

describe('adamw', () => {
  it('takes a first step of exactly the learning rate, whatever the gradient', async () => {
    // m = 0.1 g, v = 0.001 g^2; corrected g and g^2: the step is rate * sign(g).
    const [p, m, v] = (await step({ decay: true }, 1, 1, 0, 0, 0.5)) as [number, number, number];
    expect(p).toBeCloseTo(0.9, 6);
    expect(m).toBeCloseTo(0.05, 7);
    expect(v).toBeCloseTo(0.00025, 8);
  });

  it('agrees with a second step worked out by hand, with decay', async () => {
    // m = 0.9*0.05 + 0.1*(-0.2) = 0.025, v = 0.999*0.00025 + 0.001*0.04 = 0.00028975
    // mHat = 0.025/0.19, vHat = 0.00028975/0.001999, p = 0.9*(1 - 0.1*0.01) - 0.1*mHat/(sqrt(vHat) + 1e-8)
    const [p, m, v] = (await step({ decay: true, weightDecay: 0.01 }, 2, 0.9, 0.05, 0.00025, -0.2)) as [
      number,
      number,
      number,
    ];
    expect(m).toBeCloseTo(0.025, 7);
    expect(v).toBeCloseTo(0.00028975, 8);
    expect(p).toBeCloseTo(0.8991 - (0.1 * (0.025 / 0.19)) / Math.sqrt(0.00028975 / 0.001999), 6);
  });

  it('takes a clipped gradient as one that came smaller', async () => {
    const options: AdamWOptions & { decay: boolean } = { decay: true };
    const clipped = stepGraph(options, 0.25);
    const feeds = (g: number) => ({ ...state(1, 0.05, 0.00025), g: one(g), ...ratesAt(2, options) });
    const [big, small] = [await runOnce(clipped, feeds(-0.8)), await runOnce(stepGraph(options), feeds(-0.2))];
    for (const name of ['p2', 'm2', 'v2']) expect(Number(big[name].data[0])).toBeCloseTo(Number(small[name].data[0]), 8);
  });

  it('leaves a parameter that does not decay alone at gradient zero', async () => {
    expect(await step({ decay: false, weightDecay: 0.5 }, 1, 3, 0, 0, 0)).toEqual([3, 0, 0]);
  });
});

describe('clipping', () => {
  const norms = (values: number[][]) => globalNorm(values.map((v) => constant(f32(v, [v.length]))));
  const value = (node: Node) => Number((interpret({ y: node }, {})['y']).data[0]);
  it('takes the norm over all gradients together', () => {
    expect(value(norms([[3], [0, 4]]))).toBeCloseTo(5, 6);
  });
  it('scales down to the limit and never up', () => {
    expect(value(clipFactor(norms([[3], [4]]), 1))).toBeCloseTo(0.2, 6);
    expect(value(clipFactor(norms([[0.3]]), 1))).toBe(1);
  });
});

describe('learningRate', () => {
  const at = (kind: 'constant' | 'linear' | 'cosine') => (step: number) =>
    learningRate({ kind, peak: 1, warmupSteps: 4, totalSteps: 12, floor: 0.1 }, step);
  it('warms up in equal parts', () => {
    expect([0, 1, 2, 3].map(at('cosine'))).toEqual([0.25, 0.5, 0.75, 1]);
  });
  it('stays, falls evenly, or follows half a cosine, and stops at the floor', () => {
    expect([4, 8, 99].map(at('constant'))).toEqual([1, 1, 1]);
    for (const kind of ['linear', 'cosine'] as const) {
      [4, 8, 12, 99]
        .map(at(kind))
        .forEach((rate, i) => expect(rate).toBeCloseTo([1, 0.55, 0.1, 0.1][i], 12));
    }
    expect(at('cosine')(6)).toBeGreaterThan(at('linear')(6));
  });
  it('needs an end to fall towards', () => {
    expect(() => learningRate({ kind: 'linear', peak: 1 }, 3)).toThrow(/totalSteps/);
  });
});
