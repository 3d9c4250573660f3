/**
 * One token from one row of logits. Filters apply in the order of transformers: temperature,
 * top-k, top-p. The log-probability returned is the model's own (no temperature, no filter),
 * since that is what a trainer recomputes.
 */
import { topCandidates } from './top-candidates.js';

export interface SamplingOptions {
  /** 0 is greedy. */
  temperature: number;
  /** Keep the k likeliest tokens; 0 keeps all. */
  topK?: number;
  /** Keep the likeliest tokens up to this probability mass; 1 keeps all. */
  topP?: number;
}

export interface SampledToken {
  token: number;
  /** Natural log of the model's probability of the token, <= 0. */
  logProb: number;
}

/** Throws RangeError naming the option that makes no sense. */
export function checkSampling({ temperature, topK = 0, topP = 1 }: SamplingOptions): void {
  if (!(temperature >= 0) || !Number.isFinite(temperature))
    throw new RangeError(`temperature must be >= 0, got ${temperature}`);
  if (!Number.isInteger(topK) || topK < 0) throw new RangeError(`topK must be an integer >= 0, got ${topK}`);
  if (!(topP > 0 && topP <= 1)) throw new RangeError(`topP must be in (0, 1], got ${topP}`);
}

/** logits [vocab]; `uniform` in [0, 1) is the only randomness, one number per token. */
export function sampleToken(logits: Float32Array, options: SamplingOptions, uniform: number): SampledToken {
  const best = argmax(logits);
  const max = logits[best];
  const total = sumExp(logits, max, 1);
  const token = options.temperature === 0 ? best : draw(logits, max, total, options, uniform);
  return { token, logProb: logits[token] - max - Math.log(total) };
}

function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

function sumExp(values: Float32Array, max: number, temperature: number): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += Math.exp((values[i] - max) / temperature);
  return total;
}

/** `untempered` is the sum of exponentials at temperature 1, which plain sampling needs again. */
function draw(
  logits: Float32Array,
  max: number,
  untempered: number,
  { temperature, topK = 0, topP = 1 }: SamplingOptions,
  uniform: number,
): number {
  const weight = (i: number): number => Math.exp((logits[i] - max) / temperature);
  const unlimited = topK === 0 || topK >= logits.length;
  if (unlimited && topP === 1) {
    const total = temperature === 1 ? untempered : sumExp(logits, max, temperature);
    return pick(logits.length, (i) => i, weight, uniform * total);
  }
  const { kept, total } = unlimited
    ? nucleusPool(logits, max, temperature, topP)
    : topKPool(logits, topK, weight);
  return pickNucleus(kept, weight, total * topP, uniform);
}

interface Pool {
  /** Indices, likeliest first. */
  kept: Int32Array;
  /** Weight of everything that `topP` is a share of. */
  total: number;
}

function topKPool(logits: Float32Array, topK: number, weight: (i: number) => number): Pool {
  const kept = topCandidates(logits, topK);
  return { kept, total: kept.reduce((sum, i) => sum + weight(i), 0) };
}

/** Candidates enough to hold `topP` of the mass: few are usually enough, so the pool grows only on demand. */
function nucleusPool(logits: Float32Array, max: number, temperature: number, topP: number): Pool {
  const total = sumExp(logits, max, temperature);
  for (let size = 64; ; size *= 8) {
    const kept = topCandidates(logits, Math.min(size, logits.length));
    const mass = kept.reduce((sum, i) => sum + Math.exp((logits[i] - max) / temperature), 0);
    if (mass >= topP * total || kept.length === logits.length) return { kept, total };
  }
}

/** Samples from the shortest prefix of `sorted` whose weight reaches `mass`. */
function pickNucleus(
  sorted: Int32Array,
  weight: (i: number) => number,
  mass: number,
  uniform: number,
): number {
  let sum = 0;
  let length = 0;
  while (length < sorted.length && sum < mass) sum += weight(sorted[length++]);
  return pick(Math.max(1, length), (i) => sorted[i], weight, uniform * sum);
}

/** Walks `count` candidates until their weights have used up `target`. */
function pick(
  count: number,
  candidate: (i: number) => number,
  weight: (i: number) => number,
  target: number,
): number {
  let remaining = target;
  let last = candidate(0);
  for (let i = 0; i < count; i++) {
    const token = candidate(i);
    const w = weight(token);
    if (w > 0) last = token;
    remaining -= w;
    if (remaining < 0) return token;
  }
  // Rounding may leave a sliver after the last weight.
  return last;
}
