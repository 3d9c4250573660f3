import { describe, expect, it } from 'vitest';
import { input } from '#src/nn/graph.js';
import { interpret } from '#src/nn/interpret.js';
import { f32, floats, i32 } from '#src/nn/tensor.js';
import { runOnce } from '#src/nn/testing.fixture.js';
import { dropInputs } from './lora-delta.js';

const [rows, inner, rate] = [200, 64, 0.1];
const graph = (map: string) => ({ y: dropInputs(input('x', 'float32', [rows, inner]), input('seed', 'int32', []), rate, map) });
const x = f32(new Float32Array(rows * inner).fill(1), [rows, inner]);
const feedsOf = (seed: number) => ({ x, seed: i32([seed], []) });

/** 1 where an input is left out. */
async function dropped(seed: number, map = 'q_proj'): Promise<number[]> {
  const { y } = await runOnce(graph(map), feedsOf(seed));
  return [...floats(y)].map((value) => (value === 0 ? 1 : 0));
}

const share = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
/** Standard deviations between a share of independent draws and its mean. */
const deviations = (found: number, mean: number, draws: number): number => Math.abs(found - mean) / Math.sqrt((mean * (1 - mean)) / draws);

const seeds = Array.from({ length: 30 }, (_, i) => (Math.imul(0x9e3779b9, i + 1) | 1));

describe('dropout of what low-rank factors read', () => {
  it('keeps the mean: what stays is scaled', async () => {
    const { y } = await runOnce(graph('q_proj'), feedsOf(seeds[0]));
    expect([...new Set(floats(y))].sort()).toEqual([0, Math.fround(1 / (1 - rate))]);
  });

  it('leaves out its share, of every row, of every feature, and over the steps', async () => {
    const masks = await Promise.all(seeds.map((seed) => dropped(seed)));
    expect(deviations(share(masks.flat()), rate, masks.flat().length)).toBeLessThan(4);
    const byRow = Array.from({ length: rows }, (_, r) => share(masks.flatMap((mask) => mask.slice(r * inner, (r + 1) * inner))));
    expect(Math.max(...byRow.map((found) => deviations(found, rate, seeds.length * inner)))).toBeLessThan(6);
    const byFeature = Array.from({ length: inner }, (_, c) => share(masks.flatMap((mask) => mask.filter((__, at) => at % inner === c))));
    expect(Math.max(...byFeature.map((found) => deviations(found, rate, seeds.length * rows)))).toBeLessThan(6);
  });

  it('draws anew for the next row, feature, step and map: both are left out as often as chance has it', async () => {
    const masks = await Promise.all(seeds.map((seed) => dropped(seed)));
    const others = await Promise.all(seeds.map((seed) => dropped(seed, 'v_proj')));
    const both = (pairs: [number, number][]): number => deviations(share(pairs.map(([a, b]) => a * b)), rate ** 2, pairs.length);
    expect(both(masks.flatMap((mask) => mask.slice(inner).map((m, at): [number, number] => [m, mask[at]])))).toBeLessThan(6);
    expect(both(masks.flatMap((mask) => mask.slice(1).map((m, at): [number, number] => [m, mask[at]])))).toBeLessThan(6);
    expect(both(masks.slice(1).flatMap((mask, step) => mask.map((m, at): [number, number] => [m, masks[step][at]])))).toBeLessThan(6);
    expect(both(masks.flatMap((mask, step) => mask.map((m, at): [number, number] => [m, others[step][at]])))).toBeLessThan(6);
  });

  it('is the same in the interpreter, for the same seed', async () => {
    const feeds = feedsOf(seeds[3]);
    const { y } = await runOnce(graph('q_proj'), feeds);
    expect(floats(interpret(graph('q_proj'), feeds).y)).toEqual(floats(y));
    expect(await dropped(seeds[3])).toEqual(await dropped(seeds[3]));
    expect(await dropped(seeds[3])).not.toEqual(await dropped(seeds[4]));
  });
});
