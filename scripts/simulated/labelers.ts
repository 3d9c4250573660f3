/**
 * Simulated labelers: stand-ins for people in the quickstart, never to be reported as people. Each rates an
 * answer of the starter's world on the 1..5 scale of samples/criterion.json by the judge's findings:
 *
 *   5, minus the labeler's own penalty for each fault (rude, wrong, invented, rambling, not fluent, no polite
 *   word), plus Gaussian noise, rounded and clamped to 1..5.
 *
 * The noise is a pure function of (labeler, prompt, answer, seed): asked again, a labeler answers the same.
 */
import { dice } from '../../tools/starter/dice.js';
import { assess, type Assessment } from '../../tools/starter/judge.js';

export interface SimulatedLabeler {
  name: string;
  penalties: Record<'wrong' | 'invented' | 'rude' | 'rambling' | 'garbled' | 'curt', number>;
  /** Standard deviation of the noise, in points of the scale. */
  noise: number;
}

export const SIMULATED_LABELERS: readonly SimulatedLabeler[] = [
  { name: 'simulated-strict', penalties: { wrong: 3, invented: 3.5, rude: 2.5, rambling: 2, garbled: 3, curt: 1 }, noise: 0.45 },
  { name: 'simulated-fair', penalties: { wrong: 2.5, invented: 3, rude: 2, rambling: 1.5, garbled: 2.5, curt: 0.7 }, noise: 0.55 },
  { name: 'simulated-lenient', penalties: { wrong: 2, invented: 2.3, rude: 1.6, rambling: 1, garbled: 2, curt: 0.4 }, noise: 0.75 },
];

/** Two answers closer than this, in points, are called a tie. */
const TIE_BAND = 0.25;

/** A score 1..5 for one answer. */
export function rate(labeler: SimulatedLabeler, prompt: string, answer: string, seed: number): number {
  return Math.min(5, Math.max(1, Math.round(opinion(labeler, prompt, answer, seed))));
}

/** Blind judgement of two answers to one prompt: the position plays no part in it. */
export function prefer(prompt: string, left: string, right: string, labeler: SimulatedLabeler, seed: number): 'left' | 'right' | 'tie' {
  const difference = opinion(labeler, prompt, left, seed) - opinion(labeler, prompt, right, seed);
  if (Math.abs(difference) < TIE_BAND) return 'tie';
  return difference > 0 ? 'left' : 'right';
}

/** The rule without noise, in points of the scale; at least 1. */
function merit(labeler: SimulatedLabeler, found: Assessment): number {
  const { penalties } = labeler;
  const lost =
    (found.correct ? 0 : penalties.wrong) +
    (found.invented ? penalties.invented : 0) +
    (found.rude ? penalties.rude : found.polite ? 0 : penalties.curt) +
    (found.rambling ? penalties.rambling : 0) +
    (found.fluent ? 0 : penalties.garbled);
  return Math.max(1, 5 - lost);
}

function opinion(labeler: SimulatedLabeler, prompt: string, answer: string, seed: number): number {
  return merit(labeler, assess(prompt, answer)) + labeler.noise * dice('opinion', labeler.name, prompt, answer, seed).normal();
}
