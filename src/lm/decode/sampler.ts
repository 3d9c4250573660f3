/**
 * One token from one row of logits. Penalties and filters apply in the order of transformers: penalties,
 * temperature, top-k, top-p, min-p. The log-probability returned is the model's own (no penalty, no filter, and no
 * temperature unless one is asked for), since that is what a trainer recomputes.
 *
 * Unlike transformers, top-k keeps exactly k tokens: of those tied with the k-th it keeps the lowest ids.
 */
import { checkPenalties, hasPenalties, penalize, type PenaltyOptions, type TokenHistory } from './penalties.js';

export interface SamplingOptions extends PenaltyOptions {
  /** Sampling temperature; 0: greedy decoding. */
  temperature: number;
  /** Keep the k likeliest tokens; 0 keeps all. */
  topK?: number;
  /** Keep the likeliest tokens up to this probability mass; 1 keeps all. */
  topP?: number;
  /** Keep tokens at least this share as likely as the likeliest (Nguyen et al. 2024); 0 keeps all. */
  minP?: number;
  /**
   * Of the log-probability that is returned: 1 (default) is the model's own, which a trainer recomputes; one that divides its
   * logits by the temperature of the sampling asks for that.
   */
  logProbTemperature?: number;
}

export interface SampledToken {
  token: number;
  /** Natural log of the probability of the token at `logProbTemperature`, <= 0. */
  logProb: number;
}

/** Throws RangeError naming the option that makes no sense. */
export function checkSampling(options: SamplingOptions): void {
  const { temperature, topK = 0, topP = 1, minP = 0, logProbTemperature = 1 } = options;
  if (!(logProbTemperature > 0) || !Number.isFinite(logProbTemperature))
    throw new RangeError(`logProbTemperature must be > 0, got ${logProbTemperature}`);
  if (!(temperature >= 0) || !Number.isFinite(temperature))
    throw new RangeError(`temperature must be >= 0, got ${temperature}`);
  if (!Number.isInteger(topK) || topK < 0) throw new RangeError(`topK must be an integer >= 0, got ${topK}`);
  if (!(topP > 0 && topP <= 1)) throw new RangeError(`topP must be in (0, 1], got ${topP}`);
  if (!(minP >= 0 && minP <= 1)) throw new RangeError(`minP must be in [0, 1], got ${minP}`);
  checkPenalties(options);
}

/**
 * logits [vocab]; `uniform` in [0, 1) is the only randomness, one number per token: tokens are walked in the
 * order of their ids until their probabilities have used it up. `history` is needed when the options hold a
 * penalty.
 */
export function sampleToken(
  logits: Float32Array,
  options: SamplingOptions,
  uniform: number,
  history?: TokenHistory,
): SampledToken {
  const { logProbTemperature = 1 } = options;
  const best = argmax(logits);
  const weights = new Float64Array(logits.length);
  const total = fillWeights(weights, logits, { temperature: logProbTemperature, max: logits[best], cut: everything });
  const penalized = history && hasPenalties(options) ? penalize(logits, history, options) : logits;
  const likeliest = penalized === logits ? best : argmax(penalized);
  const token = options.temperature === 0 ? likeliest : draw();
  return { token, logProb: (logits[token] - logits[best]) / logProbTemperature - Math.log(total) };

  function draw(): number {
    const { temperature } = options;
    const cut = cutOf(penalized, penalized[likeliest], options);
    const known = penalized === logits && temperature === logProbTemperature && cut === everything;
    const mass = known ? total : fillWeights(weights, penalized, { temperature, max: penalized[likeliest], cut });
    return pick(weights, uniform * mass);
  }
}

function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/** What the filters keep: every logit above the threshold, and the first `ties` that are equal to it. */
interface Cut {
  threshold: number;
  ties: number;
}

const everything: Cut = { threshold: -Infinity, ties: Infinity };

/** A token's weight is its probability over the likeliest token's; what is cut weighs nothing. Returns their sum. */
function fillWeights(
  weights: Float64Array,
  logits: Float32Array,
  { temperature, max, cut }: { temperature: number; max: number; cut: Cut },
): number {
  const { threshold } = cut;
  let { ties } = cut;
  let total = 0;
  for (let i = 0; i < logits.length; i++) {
    const logit = logits[i];
    const kept = logit > threshold || (logit === threshold && ties-- > 0);
    const weight = kept ? Math.exp((logit - max) / temperature) : 0;
    weights[i] = weight;
    total += weight;
  }
  return total;
}

/** The filters in their order; each looks at what the one before left. */
function cutOf(logits: Float32Array, max: number, { temperature, topK = 0, topP = 1, minP = 0 }: SamplingOptions): Cut {
  const weight = (logit: number): number => Math.exp((logit - max) / temperature);
  const unlimited = topK === 0 || topK >= logits.length;
  let cut = everything;
  if (!unlimited || topP < 1) {
    const sorted = unlimited ? nucleus(logits, topP, weight) : largestValues(logits, topK);
    const kept = unlimited || topP === 1 ? sorted : prefixOfMass(sorted, topP * massOf(sorted, weight), weight);
    const threshold = kept[kept.length - 1];
    cut = { threshold, ties: kept.length - kept.indexOf(threshold) };
  }
  if (minP === 0) return cut;
  // The logit at which a weight is minP.
  const lowest = max + temperature * Math.log(minP);
  return lowest > cut.threshold ? { threshold: lowest, ties: Infinity } : cut;
}

/** The likeliest logits that together have `topP` of the mass: few are usually enough, so more are sorted on demand. */
function nucleus(logits: Float32Array, topP: number, weight: (logit: number) => number): Float32Array {
  const mass = topP * massOf(logits, weight);
  for (let size = 64; ; size *= 32) {
    const sorted = largestValues(logits, Math.min(size, logits.length));
    const kept = prefixOfMass(sorted, mass, weight);
    if (kept.length < sorted.length || sorted.length === logits.length) return kept;
  }
}

function massOf(logits: Float32Array, weight: (logit: number) => number): number {
  let total = 0;
  for (const logit of logits) total += weight(logit);
  return total;
}

/** The shortest prefix whose weight reaches `mass`, at least one. */
function prefixOfMass(sorted: Float32Array, mass: number, weight: (logit: number) => number): Float32Array {
  let sum = 0;
  let length = 0;
  while (length < sorted.length && sum < mass) sum += weight(sorted[length++]);
  return sorted.subarray(0, Math.max(1, length));
}

/** The token at which the weights have used up `target`. */
function pick(weights: Float64Array, target: number): number {
  let remaining = target;
  let last = 0;
  for (let token = 0; token < weights.length; token++) {
    const weight = weights[token];
    if (weight === 0) continue;
    last = token;
    remaining -= weight;
    if (remaining < 0) return token;
  }
  // Rounding may leave a sliver after the last weight.
  return last;
}

/**
 * The k largest of the values, largest first. A heap of size k makes one pass over a large vocabulary cheap:
 * almost no value enters it. Many of them are found faster by the runtime's own sort.
 */
export function largestValues(values: Float32Array, k: number): Float32Array {
  if (k * 16 >= values.length) return values.slice().sort().reverse().subarray(0, k);
  // A min-heap: the smallest value that is kept is at the root.
  const heap = values.slice(0, k).sort();
  for (let i = k; i < values.length; i++) if (values[i] > heap[0]) replaceRoot(heap, values[i]);
  return heap.sort().reverse();
}

function replaceRoot(heap: Float32Array, value: number): void {
  let parent = 0;
  for (;;) {
    let child = 2 * parent + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1] < heap[child]) child++;
    if (heap[child] >= value) break;
    heap[parent] = heap[child];
    parent = child;
  }
  heap[parent] = value;
}
