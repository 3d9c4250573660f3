import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Rng } from '#src/common/rng.js';
import { checkSampling, sampleToken, type SamplingOptions } from './sampler.js';
import { largestValues } from './sampler.js';

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

interface Golden {
  options: SamplingOptions;
  logits: number[];
  prompt: number[];
  written: number[];
  probabilities: number[];
}
const goldenFile = new URL('../../../test/golden/sampling/filters.json', import.meta.url);
const golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as Golden[];

/** What evenly spaced uniforms draw: each probability to within one over their number. */
function distribution({ options, logits: values, prompt, written }: Golden, draws = 20_000): number[] {
  const counts = new Map<number, number>();
  for (const token of written) counts.set(token, (counts.get(token) ?? 0) + 1);
  const history = { prompt: new Set(prompt), written: counts };
  const drawn = new Array<number>(values.length).fill(0);
  for (let i = 0; i < draws; i++)
    drawn[sampleToken(Float32Array.from(values), options, (i + 0.5) / draws, history).token] += 1 / draws;
  return drawn;
}

describe('sampler against the logits processors of transformers', () => {
  it.each(golden.map((entry) => [JSON.stringify(entry.options), entry] as const))('%s', (_, entry) => {
    const drawn = distribution(entry);
    entry.probabilities.forEach((p, token) => {
      expect(Math.abs(drawn[token] - p), `token ${token}`).toBeLessThan(1.5e-4);
      if (p === 0) expect(drawn[token]).toBe(0);
    });
  });
});

describe('sampler', () => {
  it('follows the tempered softmax, and reports the untempered log-probability', () => {
    expectClose(frequencies({ temperature: 0.7 }), softmax([...logits].map((x) => x / 0.7)));
    const { token, logProb } = sampleToken(logits, { temperature: 0.7 }, 0.5);
    expect(logProb).toBeCloseTo(Math.log(softmax([...logits])[token]), 6);
  });

  it('reports the log-probability at another temperature when it is asked to', () => {
    for (const options of [{ temperature: 0.7, logProbTemperature: 0.7 }, { temperature: 1, topK: 2, logProbTemperature: 0.7 }]) {
      const { token, logProb } = sampleToken(logits, options, 0.5);
      expect(logProb).toBeCloseTo(Math.log(softmax([...logits].map((x) => x / 0.7))[token]), 6);
    }
    expectClose(frequencies({ temperature: 0.7, logProbTemperature: 0.7 }), softmax([...logits].map((x) => x / 0.7)));
    expect(() => checkSampling({ temperature: 1, logProbTemperature: 0 })).toThrow('logProbTemperature');
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

  it('keeps what is likely enough beside the likeliest, at the temperature asked for', () => {
    // exp(-0.5) and exp(-1.5) of the likeliest token's probability, exp(-2.5) and exp(-4.5) are too little.
    const [p1, p2, p4] = softmax([3, 2, 3.5]);
    expectClose(frequencies({ temperature: 1, minP: 0.2 }), [0, p1, p2, 0, p4]);
    const hot = softmax([0.5, 1.5, 1, 1.75]);
    expectClose(frequencies({ temperature: 2, minP: 0.2 }), [hot[0], hot[1], hot[2], 0, hot[3]]);
    expectClose(frequencies({ temperature: 1, minP: 1 }), [0, 0, 0, 0, 1]);
    expectClose(frequencies({ temperature: 1, topK: 2, minP: 0.7 }), [0, 0, 0, 0, 1]);
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
        const sorted = [...list].sort((a, b) => b - a);
        expect([...largestValues(Float32Array.from(list), size)]).toEqual(sorted.slice(0, size));
      }),
    );
  });

  it('keeps the lowest ids of those tied at the border', () => {
    const tied = Float32Array.from([1, 2, 0, 1, 1, 2]);
    const drawn = (options: Partial<SamplingOptions>): number[] => [
      ...new Set(Array.from({ length: 500 }, (_, i) => sampleToken(tied, { temperature: 1, ...options }, i / 500).token)),
    ];
    expect(drawn({ topK: 4 })).toEqual([0, 1, 3, 5]);
    expect(drawn({ topP: (2 * Math.E ** 2 + 1.5 * Math.E) / (2 * Math.E ** 2 + 3 * Math.E + 1) })).toEqual([0, 1, 3, 5]);
    expect(drawn({ topK: 1 })).toEqual([1]);
  });

  it.each([
    [{ temperature: -1 }, /temperature/],
    [{ temperature: NaN }, /temperature/],
    [{ temperature: 1, topK: 1.5 }, /topK/],
    [{ temperature: 1, topP: 0 }, /topP/],
    [{ temperature: 1, minP: -0.1 }, /minP/],
    [{ temperature: 1, minP: 1.1 }, /minP/],
    [{ temperature: 1, repetitionPenalty: -1 }, /repetitionPenalty/],
  ])('refuses %j', (options, message) => expect(() => checkSampling(options)).toThrow(message));
});
