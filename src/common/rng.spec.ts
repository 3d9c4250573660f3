import { describe, expect, it } from 'vitest';
import { Rng } from './rng.js';

const take = (rng: Rng, n: number) => Array.from({ length: n }, () => rng.next());

describe('Rng', () => {
  it('repeats itself from the same seed and differs from its neighbours', () => {
    expect(take(Rng.from('a'), 5)).toEqual(take(Rng.from('a'), 5));
    const firsts = new Set(Array.from({ length: 1000 }, (_, seed) => Rng.from(seed).next()));
    expect(firsts.size).toBe(1000);
  });

  it('is uniform and normal to within a few standard errors', () => {
    const n = 100_000;
    const rng = Rng.from(1);
    const uniform = take(rng, n);
    expect(Math.abs(uniform.reduce((a, b) => a + b) / n - 0.5)).toBeLessThan(0.004);
    expect(Math.min(...uniform.slice(0, 10_000))).toBeGreaterThanOrEqual(0);
    const normal = Array.from({ length: n }, () => rng.normal());
    expect(Math.abs(normal.reduce((a, b) => a + b) / n)).toBeLessThan(0.013);
    expect(Math.abs(normal.reduce((a, b) => a + b * b, 0) / n - 1)).toBeLessThan(0.02);
  });

  it('forks streams by label without moving itself', () => {
    const rng = Rng.from(5);
    const [a, b, again] = [rng.fork('a'), rng.fork('b'), rng.fork('a')];
    expect(take(a, 3)).toEqual(take(again, 3));
    expect(take(b, 3)).not.toEqual(take(rng.fork('a'), 3));
    expect(take(rng, 3)).toEqual(take(Rng.from(5), 3));
  });

  it('goes on from a saved state', () => {
    const rng = Rng.from(9);
    rng.normal();
    const state = rng.state();
    const ahead = take(rng, 4);
    expect(take(Rng.restore(state), 4)).toEqual(ahead);
    rng.restore(state);
    expect(take(rng, 4)).toEqual(ahead);
  });

  it('shuffles every element into every place about equally often', () => {
    const rng = Rng.from(3);
    const hits = Array.from({ length: 4 }, () => [0, 0, 0, 0]);
    for (let i = 0; i < 8000; i++) {
      rng.shuffle([0, 1, 2, 3]).forEach((value, place) => {
        (hits[value])[place] = ((hits[value])[place]) + 1;
      });
    }
    for (const count of hits.flat()) expect(Math.abs(count - 2000)).toBeLessThan(200);
    expect(() => rng.int(0)).toThrow(RangeError);
  });
});
