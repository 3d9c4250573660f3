import { describe, expect, it } from 'vitest';
import { input } from '#src/nn/graph.js';
import { runOnce } from '#src/nn/testing.fixture.js';
import { floats, i64 } from '#src/nn/tensor.js';
import { attentionCost, packBranches, type Branches } from './packing.js';
import { decoderForward } from '../model/transformer.js';
import { tinyConfig } from '../model/tiny-model.fixture.js';
import { initWeights } from '../files/weights.js';

const groups: Branches[] = [
  { prefix: [10, 11], tails: [[20, 21], [30], []] },
  { prefix: [12], tails: [[40, 41, 42]] },
];

describe('packing', () => {
  const { rows, time, tokens, places, feeds } = packBranches(groups, { timeMultiple: 5, padId: 7 });
  const numbers = (data: ArrayLike<number | bigint>): number[] => Array.from(data, Number);
  /** Offsets in `row` that the token at `t` sees. */
  const seen = (row: number, t: number): number[] =>
    numbers(floats(feeds.attentionMask).subarray((row * time + t) * time, (row * time + t + 1) * time)).flatMap((score, s) => (score === 0 ? [s] : []));

  it('lays a prefix out once and gives each tail the positions after it', () => {
    expect([rows, time, tokens]).toEqual([2, 5, 9]);
    expect(numbers(feeds.ids.data)).toEqual([10, 11, 20, 21, 30, 12, 40, 41, 42, 7]);
    expect(numbers(feeds.positions.data)).toEqual([0, 1, 2, 3, 2, 0, 1, 2, 3, 0]);
    expect(places[0].map(({ prefixEnd, tail }) => [prefixEnd, tail])).toEqual([[1, 2], [1, 4], [1, 5]]);
    expect(places[1]).toEqual([{ prefixEnd: 5, tail: 6 }]);
  });

  it('lets a token see its prefix and its own tail, and padding only itself', () => {
    expect([1, 3, 4].map((t) => seen(0, t))).toEqual([[0, 1], [0, 1, 2, 3], [0, 1, 4]]);
    expect([0, 2, 4].map((t) => seen(1, t))).toEqual([[0], [0, 1, 2], [4]]);
  });

  it('puts short groups into one row', () => {
    const packed = packBranches([{ prefix: [1], tails: [[2, 3, 4, 5]] }, { prefix: [6], tails: [[7]] }, { prefix: [8], tails: [[9]] }], { timeMultiple: 5 });
    expect([packed.rows, packed.time]).toEqual([2, 5]);
    expect(numbers(packed.feeds.ids.data)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 0]);
  });

  it('splits a group when attention over a long row costs more than the prefix again', () => {
    const tails = Array.from({ length: 8 }, () => Array.from({ length: 50 }, () => 1));
    const rowsOf = (prefix: number, cost: number): number =>
      packBranches([{ prefix: Array.from({ length: prefix }, () => 1), tails }], { timeMultiple: 1, attentionCost: cost }).rows;
    expect([rowsOf(50, 0), rowsOf(50, 1 / 3000), rowsOf(5, 0.1)]).toEqual([1, 1, 8]);
    // 2, 3 and 4 parts: 500 + 2 * 250^2 / 400 = 812.5; 550 + (2 * 200^2 + 150^2) / 400 = 806.25; 600 + 4 * 150^2 / 400 = 825.
    expect(rowsOf(50, 1 / 400)).toBe(3);
  });

  it('rounds the number of rows up to four sizes between powers of two', () => {
    const rowsOf = (count: number): number =>
      packBranches(Array.from({ length: count }, () => ({ prefix: [1, 2], tails: [[3]] })), { timeMultiple: 3, bucketRows: true }).rows;
    expect([1, 2, 4, 5, 8, 9, 10, 11, 15, 16, 17, 33].map(rowsOf)).toEqual([1, 2, 4, 5, 8, 10, 10, 12, 16, 16, 20, 40]);
  });

  it('refuses a group without a prefix', () => {
    expect(() => packBranches([{ prefix: [], tails: [[1]] }], { timeMultiple: 4 })).toThrow('no tokens before its branches');
  });

  it('computes the hidden states of the separate sequences', async () => {
    // Rows may be longer than any sequence the model can read.
    const config = { ...tinyConfig, maxPositionEmbeddings: 8 };
    const tensors = initWeights(config, 1);
    const params = Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, input(name, 'float32', shape)]));
    const branches: Branches[] = [
      { prefix: [3, 5, 7], tails: [[1, 2, 3], [9, 8]] },
      { prefix: [4], tails: [[6, 6, 2, 1]] },
    ];
    const packed = packBranches(branches, { timeMultiple: 16, bucketRows: true, attentionCost: attentionCost(config) });
    const at = (name: keyof typeof packed.feeds) => input(name, packed.feeds[name].dtype, packed.feeds[name].shape);
    const graph = decoderForward({ config, params }, at('ids'), { positions: at('positions'), mask: at('attentionMask') });
    const together = floats((await runOnce({ hidden: graph.hidden }, { ...tensors, ...packed.feeds })).hidden);
    for (const [g, { prefix, tails }] of branches.entries()) {
      for (const [i, tail] of tails.entries()) {
        const ids = [...prefix, ...tail];
        const alone = decoderForward({ config, params }, input('ids', 'int64', [1, ids.length])).hidden;
        const hidden = floats((await runOnce({ hidden: alone }, { ...tensors, ids: i64(ids, [1, ids.length]) })).hidden);
        const width = config.hiddenSize;
        const { prefixEnd, tail: start } = packed.places[g][i];
        const rowsToCheck: [number, number][] = [[prefixEnd, prefix.length - 1], ...tail.map((_, t): [number, number] => [start + t, prefix.length + t])];
        for (const [there, here] of rowsToCheck) {
          for (let c = 0; c < width; c++) expect(together[there * width + c]).toBeCloseTo(hidden[here * width + c], 4);
        }
      }
    }
  });
});
