import { Rng } from '#src/common/rng.js';

/** A seeded stream of choices: the same key gives the same stream on every machine. */
export interface Dice {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, n). */
  below(n: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** Index of a weight, drawn in proportion to the weights. */
  weighted(weights: readonly number[]): number;
  /** A shuffled copy. */
  shuffle<T>(items: readonly T[]): T[];
  /** Standard normal. */
  normal(): number;
}

/** FNV-1a, 32 bits, over UTF-16 code units, with a final avalanche so that low bits are usable. */
export function hash32(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Dice over the stream of random numbers that the key seeds. */
export function dice(...key: (string | number)[]): Dice {
  const rng = Rng.from(key.join('\u0000'));
  const next = () => rng.next();
  const below = (n: number) => rng.int(n);
  return {
    next,
    below,
    chance: (probability) => next() < probability,
    pick: (items) => items[below(items.length)],
    weighted(weights) {
      let left = next() * weights.reduce((a, b) => a + b, 0);
      for (let i = 0; i < weights.length; i++) if ((left -= weights[i]) < 0) return i;
      return weights.length - 1;
    },
    shuffle: (items) => rng.shuffle([...items]),
    normal: () => rng.normal(),
  };
}
