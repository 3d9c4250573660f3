import { describe, expect, it } from 'vitest';
import { checkPenalties, penalize, type PenaltyOptions } from './penalties.js';
import { sampleToken } from './sampler.js';

const logits = Float32Array.from([2, -2, 0, 4, 1]);
/** Token 0 was read, 1 was written twice, 3 was both. */
const history = { prompt: new Set([0, 3]), written: new Map([[1, 2], [3, 1]]) };
const after = (options: PenaltyOptions): number[] => [...penalize(logits, history, options)];

describe('penalties', () => {
  it('divide positive logits and multiply negative ones, of the prompt too, once per token', () => {
    expect(after({ repetitionPenalty: 2 })).toEqual([1, -4, 0, 2, 1]);
    expect(after({ repetitionPenalty: 0.5 })).toEqual([4, -1, 0, 8, 1]);
  });

  it('take count times frequency, and presence once, off tokens of the completion alone', () => {
    expect(after({ frequencyPenalty: 0.5 })).toEqual([2, -3, 0, 3.5, 1]);
    expect(after({ presencePenalty: 0.25 })).toEqual([2, -2.25, 0, 3.75, 1]);
    expect(after({ frequencyPenalty: -1, presencePenalty: 1 })).toEqual([2, -1, 0, 4, 1]);
    expect(after({ repetitionPenalty: 2, frequencyPenalty: 0.5 })).toEqual([1, -5, 0, 1.5, 1]);
  });

  it('leave the logits given, and the log-probability reported, as they are', () => {
    const options = { temperature: 0, repetitionPenalty: 8 };
    const { token, logProb } = sampleToken(logits, options, 0, history);
    expect(token).toBe(4);
    const total = [...logits].reduce((sum, x) => sum + Math.exp(x), 0);
    expect(logProb).toBeCloseTo(1 - Math.log(total), 6);
    expect([...logits]).toEqual([2, -2, 0, 4, 1]);
  });

  it.each([
    [{ repetitionPenalty: 0 }, /repetitionPenalty must be > 0, got 0/],
    [{ frequencyPenalty: NaN }, /frequencyPenalty/],
    [{ presencePenalty: Infinity }, /presencePenalty/],
  ])('refuses %j', (options, message) => expect(() => checkPenalties(options)).toThrow(message));
});
