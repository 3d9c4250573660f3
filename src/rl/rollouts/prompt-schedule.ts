/** Which prompts a step practises on: whole passes over the prompts, each in a new seeded order. */
import { Rng } from '#src/common/rng.js';

/**
 * Indices of the prompts of `step` (from 0). A function of its arguments alone, so that a run that goes on after
 * a break needs no state for it. When a pass ends inside a step the next one begins there.
 */
export function promptsOfStep(count: number, perStep: number, seed: string | number, step: number): number[] {
  const first = step * perStep;
  const passes = new Map<number, number[]>();
  const orderOf = (pass: number): number[] => {
    const known =
      passes.get(pass) ??
      Rng.from(`${seed}/prompts/${pass}`).shuffle(Array.from({ length: count }, (_, i) => i));
    passes.set(pass, known);
    return known;
  };
  return Array.from(
    { length: perStep },
    (_, i) => orderOf(Math.floor((first + i) / count))[(first + i) % count],
  );
}
