import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Rng } from '#src/common/rng.js';
import { checkSampling, sampleToken, type SamplingOptions } from './sampler.js';
import { topCandidates } from './top-candidates.js';

const logits = Float32Array.from([1, 3, 2, -1, 3.5]);

function frequencies(options: SamplingOptions, draws = 20_000): number[] {
  const rng = Rng.from(1);
  const counts = new Array<number>(logits.length).fill(0);
  for (let i = 0; i < draws; i++) counts[sampleToken(logits, options, rng.next()).token] += 1 / draws;
  return counts;
}

function softmax(values: number[]): number[] {
  const weights = values.map(Math.exp);
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / total);
}

const expectClose = (actual: number[], expected: number[]): void =>
  actual.forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(0.015));

describe('sampler', () => {
  it('follows the tempered softmax, and reports the untempered log-probability', () => {
    expectClose(frequencies({ temperature: 0.7 }), softmax([...logits].map((x) => x / 0.7)));
    const { token, logProb } = sampleToken(logits, { temperature: 0.7 }, 0.5);
    expect(logProb).toBeCloseTo(Math.log(softmax([...logits])[token]), 6);
  });

  it('is greedy at temperature 0', () => {
    expect(sampleToken(logits, { temperature: 0 }, 0.999).token).toBe(4);
  });

  it('keeps the k likeliest, then the nucleus of what is left', () => {
    expectClose(frequencies({ temperature: 1, topK: 2 }), [
      0,
      softmax([3, 3.5])[0],
      0,
      0,
      softmax([3, 3.5])[1],
    ]);
    const [p4, p1] = [softmax([...logits])[4], softmax([...logits])[1]];
    expectClose(frequencies({ temperature: 1, topP: p4 + p1 - 0.01 }), [
      0,
      p1 / (p1 + p4),
      0,
      0,
      p4 / (p1 + p4),
    ]);
    expectClose(frequencies({ temperature: 1, topP: 0.01 }), [0, 0, 0, 0, 1]);
    // Of the three likeliest, 0.5 of the mass is reached by the first alone only after renormalizing.
    expectClose(frequencies({ temperature: 1, topK: 3, topP: 0.5 }), [0, 0, 0, 0, 1]);
  });

  it('finds the nucleus of a flat, large vocabulary', () => {
    const flat = new Float32Array(5000);
    const seen = new Set(
      Array.from({ length: 200 }, (_, i) => sampleToken(flat, { temperature: 1, topP: 0.5 }, i / 200).token),
    );
    expect(Math.max(...seen)).toBeLessThan(2500);
    expect(seen.size).toBe(200);
  });

  it('selects as a full sort does', () => {
    const values = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 200 }), (list, k) => {
        const size = Math.min(k, list.length);
        const sorted = list.map((_, i) => i).sort((a, b) => list[b] - list[a] || a - b);
        expect([...topCandidates(Float32Array.from(list), size)]).toEqual(sorted.slice(0, size));
      }),
    );
  });

  it.each([
    [{ temperature: -1 }, /temperature/],
    [{ temperature: NaN }, /temperature/],
    [{ temperature: 1, topK: 1.5 }, /topK/],
    [{ temperature: 1, topP: 0 }, /topP/],
  ])('refuses %j', (options, message) => expect(() => checkSampling(options)).toThrow(message));
});
