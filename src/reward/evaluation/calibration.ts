/**
 * Can sigmoid(r_c - r_r) be read as the probability that people prefer the first? Temperature scaling (Guo et al. 2017,
 * arXiv:1706.04599): the one T > 0 with which -log sigmoid((r_c - r_r) / T) is least on held-out pairs; it changes no
 * ranking. The expected calibration error is the mean distance between claim and truth over equal bins of the claim.
 *
 * Judged on the pairs it was fitted on, a temperature looks better than it is. So `errorAfter` is cross-fitted: prompts fall
 * into two halves by hash, and each half is judged with the temperature of the other. The temperature that is given is
 * that of all.
 */
import { createHash } from 'node:crypto';

export interface ReliabilityBin {
  /** Claimed probabilities, of the side that the model prefers: from 0.5 to 1. */
  from: number;
  to: number;
  pairs: number;
  /** Mean claim, and how often it was so; null without pairs. */
  claimed: number | null;
  observed: number | null;
}

export interface Calibration {
  temperature: number;
  /** Expected calibration error as the rewards are. */
  errorBefore: number;
  /** With the temperature, cross-fitted; null: one half has no pairs. */
  errorAfter: number | null;
  /** Of the unscaled rewards. */
  bins: ReliabilityBin[];
}

const binCount = 10;

/** @param gaps chosen minus rejected reward of each pair, with the prompt it belongs to */
export function calibrate(promptIds: readonly string[], gaps: readonly number[]): Calibration {
  const halves = promptIds.map(halfOf);
  const of = (half: number): number[] => gaps.filter((_, i) => halves[i] === half);
  const [first, second] = [of(0), of(1)];
  const crossed = first.length > 0 && second.length > 0 ? [fitTemperature(second), fitTemperature(first)] : null;
  return {
    temperature: fitTemperature(gaps),
    errorBefore: calibrationError(gaps),
    errorAfter: crossed && calibrationError(gaps.map((gap, i) => gap / crossed[halves[i]])),
    bins: reliability(gaps),
  };
}

const halfOf = (promptId: string): number => createHash('sha256').update(`calibration:${promptId}`).digest()[0] & 1;

const lowest = 0.01;
const highest = 100;

/** Golden-section search over log T: the loss is convex in 1 / T, hence has one minimum. Pairs that are all right have T = 0.01. */
export function fitTemperature(gaps: readonly number[]): number {
  const loss = (logT: number): number => {
    const scale = Math.exp(-logT);
    return gaps.reduce((sum, gap) => sum + softplus(-gap * scale), 0);
  };
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [a, b] = [Math.log(lowest), Math.log(highest)];
  let [c, d] = [b - ratio * (b - a), a + ratio * (b - a)];
  let [lossC, lossD] = [loss(c), loss(d)];
  while (b - a > 1e-6) {
    if (lossC <= lossD) {
      [b, d, lossD] = [d, c, lossC];
      c = b - ratio * (b - a);
      lossC = loss(c);
    } else {
      [a, c, lossC] = [c, d, lossD];
      d = a + ratio * (b - a);
      lossD = loss(d);
    }
  }
  return Math.exp((a + b) / 2);
}

/**
 * Each pair, shown in the order the model prefers, claims p = sigmoid(|gap|) and is right or wrong; equal rewards are half
 * right.
 */
export function reliability(gaps: readonly number[]): ReliabilityBin[] {
  return tally(gaps).map(({ claimed, right, pairs }, i) => ({
    from: 0.5 + i / (2 * binCount),
    to: 0.5 + (i + 1) / (2 * binCount),
    pairs,
    claimed: pairs > 0 ? claimed / pairs : null,
    observed: pairs > 0 ? right / pairs : null,
  }));
}

export function calibrationError(gaps: readonly number[]): number {
  return tally(gaps).reduce((total, { claimed, right }) => total + Math.abs(claimed - right), 0) / gaps.length;
}

function tally(gaps: readonly number[]): { claimed: number; right: number; pairs: number }[] {
  const bins = Array.from({ length: binCount }, () => ({ claimed: 0, right: 0, pairs: 0 }));
  for (const gap of gaps) {
    const claim = 1 / (1 + Math.exp(-Math.abs(gap)));
    const bin = bins[Math.min(binCount - 1, Math.floor((claim - 0.5) * 2 * binCount))];
    bin.claimed += claim;
    bin.right += gap > 0 ? 1 : gap === 0 ? 0.5 : 0;
    bin.pairs++;
  }
  return bins;
}

const softplus = (x: number): number => Math.log1p(Math.exp(-Math.abs(x))) + Math.max(0, x);
