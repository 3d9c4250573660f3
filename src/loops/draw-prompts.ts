/** Draws the prompts of an iteration: unrated ones first, so that none is rated twice before all are rated once. */
import { Rng } from '#src/common/rng.js';

/**
 * @param practice ids in order of the set
 * @param used ids that an earlier iteration had people rate
 * @returns `count` ids, or all when there are fewer, in order of the set: a pure function of its arguments
 */
export function drawPrompts(practice: readonly string[], used: ReadonlySet<string>, count: number, seed: string): string[] {
  const rng = Rng.from(seed);
  const fresh = rng.shuffle(practice.filter((id) => !used.has(id)));
  const again = rng.shuffle(practice.filter((id) => used.has(id)));
  const drawn = new Set([...fresh, ...again].slice(0, count));
  return practice.filter((id) => drawn.has(id));
}
