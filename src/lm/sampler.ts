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
  if (!(temperature >= 0) || !Number.isFinite(temperature)) throw new RangeError(`temperature must be >= 0, got ${temperature}`);
  if (!Number.isInteger(topK) || topK < 0) throw new RangeError(`topK must be an integer >= 0, got ${topK}`);
  if (!(topP > 0 && topP <= 1)) throw new RangeError(`topP must be in (0, 1], got ${topP}`);
}

/** logits [vocab]; `uniform` in [0, 1) is the only randomness, one number per token. */
export function sampleToken(logits: Float32Array, options: SamplingOptions, uniform: number): SampledToken {
  const best = argmax(logits);
  const token = options.temperature === 0 ? best : draw(logits, logits[best], options, uniform);
  const logProb = logits[token] - logits[best] - Math.log(sumExp(logits, logits[best], 1));
  return { token, logProb };
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

function draw(logits: Float32Array, max: number, { temperature, topK = 0, topP = 1 }: SamplingOptions, uniform: number): number {
  const weight = (i: number): number => Math.exp((logits[i] - max) / temperature);
  const limit = topK === 0 ? logits.length : Math.min(topK, logits.length);
  if (limit === logits.length && topP === 1) {
    return pick(logits.keys(), weight, uniform * sumExp(logits, max, temperature));
  }
  const candidates = limit === logits.length ? nucleusPool(logits, max, temperature, topP) : { kept: topCandidates(logits, limit) };
  const { kept } = candidates;
  const total = candidates.total ?? kept.reduce((sum, i) => sum + weight(i), 0);
  return pickNucleus(kept, weight, total * topP, uniform);
}

interface Pool {
  kept: Int32Array;
  /** Weight of everything the mass is a share of; the kept ones' own when left out. */
  total?: number;
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
function pickNucleus(sorted: Int32Array, weight: (i: number) => number, mass: number, uniform: number): number {
  let sum = 0;
  let length = 0;
  while (length < sorted.length && sum < mass) sum += weight(sorted[length++]);
  return pick(sorted.subarray(0, Math.max(1, length)), weight, uniform * sum);
}

function pick(indices: Iterable<number>, weight: (i: number) => number, target: number): number {
  let remaining = target;
  let last = 0;
  for (const i of indices) {
    const w = weight(i);
    if (w > 0) last = i;
    remaining -= w;
    if (remaining < 0) return i;
  }
  // Rounding may leave a sliver after the last weight.
  return last;
}
