/**
 * Seeded random numbers: xoshiro128** over a splitmix-filled state.
 * The same seed gives the same numbers on every machine; `fork` gives independent streams by name,
 * so adding a consumer does not shift the numbers of another.
 */
export type RngState = readonly [number, number, number, number];

export class Rng {
  private constructor(private words: [number, number, number, number]) {}

  static from(seed: string | number): Rng {
    return new Rng(expand(hash(String(seed))));
  }

  /** Uniform in [0, 1), 53 bits. */
  next(): number {
    const high = this.bits() >>> 5;
    const low = this.bits() >>> 6;
    return (high * 0x4000000 + low) / 0x20000000000000;
  }

  /** Uniform over all 32-bit integers, signed. */
  int32(): number {
    return this.bits() | 0;
  }

  /** Standard normal (Box-Muller, one value per call so that the state alone fixes what follows). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return radius * Math.cos(2 * Math.PI * this.next());
  }

  /** Uniform integer in [0, n). */
  int(n: number): number {
    if (!Number.isInteger(n) || n <= 0) throw new RangeError(`int(n) needs a positive integer, got ${n}`);
    return Math.floor(this.next() * n);
  }

  /** Shuffles in place (Fisher-Yates) and returns the array. */
  shuffle<T>(array: T[]): T[] {
    for (let i = array.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      [array[i], array[j]] = [array[j], array[i]];
    }
    return array;
  }

  /** An independent stream; depends on the state and the label, and leaves this stream untouched. */
  fork(label: string | number): Rng {
    return new Rng(expand(hash(`${this.words.join(',')}/${label}`)));
  }

  state(): RngState {
    return [...this.words];
  }

  static restore(state: RngState): Rng {
    return new Rng([...state]);
  }

  restore(state: RngState): void {
    this.words = [...state];
  }

  private bits(): number {
    const s = this.words;
    const result = Math.imul(rotl(Math.imul(s[1], 5), 7), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 11);
    return result;
  }
}

function rotl(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}

/** Two 32-bit FNV-1a hashes with different bases, so that similar seeds give unrelated streams. */
function hash(text: string): [number, number] {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b) ^ (b >>> 13);
  }
  return [a >>> 0, b >>> 0];
}

/** Four well mixed words from two (splitmix32 on each half). */
function expand([a, b]: [number, number]): [number, number, number, number] {
  const mix = (seed: number, n: number) => {
    let z = (seed + Math.imul(n, 0x9e3779b9)) | 0;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  };
  return [mix(a, 1), mix(b, 1), mix(a ^ b, 2), mix(b, 3) | 1];
}
