import { describe, expect, it } from 'vitest';
import { Rng } from '#src/common/rng.js';
import { adamw, adamwScalars, type AdamWOptions } from './adamw.js';
import { clipFactor, globalNorm } from '../train-step.js';
import { learningRate } from './schedule.js';

/** What one step makes of single values. */
function step(options: AdamWOptions & { decay: boolean }, at: number, [p, m, v]: number[], gradient: number, clip = 1): number[] {
  const [param, mean, square] = [p, m, v].map((value) => Float32Array.of(value));
  adamw({ param, m: mean, v: square }, Float32Array.of(gradient), adamwScalars(at, 0.1, clip, options), options.decay);
  return [param[0], mean[0], square[0]];
}

describe('adamw', () => {
  it('takes a first step of exactly the learning rate, whatever the gradient', () => {
    // m = 0.1 g, v = 0.001 g^2; corrected g and g^2: the step is rate * sign(g).
    const [p, m, v] = step({ decay: true }, 1, [1, 0, 0], 0.5);
    expect(p).toBeCloseTo(0.9, 6);
    expect(m).toBeCloseTo(0.05, 7);
    expect(v).toBeCloseTo(0.00025, 8);
  });

  it('agrees with a second step worked out by hand, with decay', () => {
    // m = 0.9*0.05 + 0.1*(-0.2) = 0.025, v = 0.999*0.00025 + 0.001*0.04 = 0.00028975
    // mHat = 0.025/0.19, vHat = 0.00028975/0.001999, p = 0.9*(1 - 0.1*0.01) - 0.1*mHat/(sqrt(vHat) + 1e-8)
    const [p, m, v] = step({ decay: true, weightDecay: 0.01 }, 2, [0.9, 0.05, 0.00025], -0.2);
    expect(m).toBeCloseTo(0.025, 7);
    expect(v).toBeCloseTo(0.00028975, 8);
    expect(p).toBeCloseTo(0.8991 - (0.1 * (0.025 / 0.19)) / Math.sqrt(0.00028975 / 0.001999), 6);
  });

  it('takes a clipped gradient as one that came smaller', () => {
    const before = [1, 0.05, 0.00025];
    const small = step({ decay: true }, 2, before, -0.2);
    step({ decay: true }, 2, before, -0.8, 0.25).forEach((value, i) => expect(value).toBeCloseTo(small[i], 8));
  });

  it('leaves a parameter that does not decay alone at gradient zero', () => {
    expect(step({ decay: false, weightDecay: 0.5 }, 1, [3, 0, 0], 0)).toEqual([3, 0, 0]);
  });

  it.each([1, 3, 4, 5, 16_383, 16_384, 16_385, 40_003])('moves each of %i values as the equation says, and nothing beyond them', (count) => {
    const rng = Rng.from(`adamw ${count}`);
    const some = (scale: number) => Float32Array.from({ length: count + 2 }, () => scale * (rng.next() - 0.5));
    const all = [some(2), some(0.1), some(0.01).map((x) => x * x), some(1)];
    const before = all.map((values) => values.slice());
    const [param, m, v, gradient] = all.map((values) => values.subarray(1, count + 1));
    const [rate, clip, decay] = [1e-2, 0.5, 0.1];
    adamw({ param, m, v }, gradient, adamwScalars(7, rate, clip, { weightDecay: decay }), true);
    let worst = 0;
    for (let i = 1; i <= count; i++) {
      const [p0, m0, v0, g] = [before[0][i], before[1][i], before[2][i], clip * before[3][i]];
      const [mean, square] = [0.9 * m0 + 0.1 * g, 0.999 * v0 + 0.001 * g * g];
      const moved = p0 * (1 - rate * decay) - (rate * mean) / (1 - 0.9 ** 7) / (Math.sqrt(square / (1 - 0.999 ** 7)) + 1e-8);
      worst = Math.max(worst, Math.abs(all[0][i] - moved), Math.abs(all[1][i] - mean), Math.abs(all[2][i] - square));
    }
    expect(worst).toBeLessThan(1e-6);
    expect(all.map((values) => [values[0], values[count + 1]])).toEqual(before.map((values) => [values[0], values[count + 1]]));
    expect(all[3]).toEqual(before[3]);
  });
});

describe('clipping', () => {
  it('takes the norm over all gradients together, whatever their lengths', () => {
    expect(globalNorm([Float32Array.of(3), Float32Array.of(0, 4)])).toBe(5);
    expect(globalNorm([Float32Array.of(1, 2, 3, 4, 5, 6, 7)])).toBe(Math.sqrt(140));
    expect(globalNorm([Float32Array.of(1, Number.NaN)])).toBeNaN();
  });
  it('scales down to the limit and never up', () => {
    expect(clipFactor(5, 1)).toBeCloseTo(0.2, 6);
    expect(clipFactor(0.3, 1)).toBe(1);
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
