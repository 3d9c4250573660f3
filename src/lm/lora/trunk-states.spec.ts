import { describe, expect, test } from 'vitest';
import { input } from '#src/nn/graph.js';
import { floats, i64 } from '#src/nn/tensor.js';
import { runOnce } from '#src/nn/testing.fixture.js';
import { packBranches, type Branches } from '../text/packing.js';
import { familyNames } from '../model/model-config.js';
import { tinyConfigs } from '../model/tiny-model.fixture.js';
import { decoderForward, trunkForward } from '../model/transformer.js';
import { inStore, trunkParts, TrunkSpaceError, TrunkStates } from './trunk-states.js';
import { initWeights, inputParams } from '../files/weights.js';

const groups: Branches[] = [
  { prefix: [3, 5, 7], tails: [[1, 2, 3], [9, 8], []] },
  { prefix: [4], tails: [[6, 6, 2, 1]] },
  { prefix: [8, 8], tails: [[2], [3]] },
];

test('every token has a row of its own', () => {
  expect(inStore(groups).map(({ source }) => source)).toEqual([
    { prefix: 0, tails: [3, 6, 8] },
    { prefix: 8, tails: [9] },
    { prefix: 13, tails: [15, 16] },
  ]);
});

test('parts are of similar length and a matter of lengths alone; a group that is too long is a part', () => {
  const sized = [9, 2, 7, 2, 30].map((length) => ({ prefix: Array.from({ length }, () => 1), tails: [] }));
  expect(trunkParts(sized, 12)).toEqual([[1, 3, 2], [0], [4]]);
});

test('spans say which rows a batch reads, consecutive ones in one', () => {
  const [first, second, third] = inStore(groups);
  const spansOf = (members: Branches[]) => packBranches(members, { timeMultiple: 12 }).spans;
  // The longer group lies first in the row.
  expect(spansOf([third, first])).toEqual([{ from: 0, to: 0, count: 8 }, { from: 13, to: 8, count: 4 }]);
  expect(spansOf([second, third])).toEqual([{ from: 8, to: 0, count: 9 }]);
  expect(packBranches(groups, { timeMultiple: 12 }).spans).toEqual([]);
});

describe.each(familyNames)('the frozen layers of %s', (family) => {
  // Three layers, of which the lower two are frozen.
  const config = { ...tinyConfigs[family], numLayers: 3 };
  const tensors = initWeights(config, 1);
  const model = { config, params: inputParams(tensors) };
  const stored = inStore(groups);

  test.each([4, 4096])('give what they give each text alone, %i tokens at once', async (maxTokens) => {
    const trunk = await TrunkStates.compute({ config, tensors }, stored, { layers: 2, maxTokens, threads: 1 });
    for (const { prefix, tails, source } of stored) {
      for (const [i, tail] of tails.entries()) {
        const ids = [...prefix, ...tail];
        const alone = trunkForward(model, input('ids', 'int64', [1, ids.length]), 2);
        const expected = floats((await runOnce({ alone }, { ...tensors, ids: i64(ids, [1, ids.length]) })).alone);
        const spans = [{ from: source.prefix, to: 0, count: prefix.length }, { from: source.tails[i], to: prefix.length, count: tail.length }];
        const { shape, data } = await trunk.of({ rows: 1, time: ids.length, spans });
        expect(shape).toEqual([1, ids.length, config.hiddenSize]);
        expected.forEach((value, at) => expect(Number(data[at])).toBeCloseTo(value, 5));
      }
    }
    await trunk.close();
  });

  test('lead to the same final states when training goes on from them', async () => {
    const trunk = await TrunkStates.compute({ config, tensors }, stored, { layers: 2, maxTokens: 8, threads: 1 });
    const { rows, time, spans, feeds } = packBranches(stored, { timeMultiple: 4 });
    const layout = { positions: input('positions', 'int64', [rows, time]), mask: input('attentionMask', 'float32', [rows, 1, time, time]) };
    const plain = decoderForward(model, input('ids', 'int64', [rows, time]), layout).hidden;
    const entry = { layer: 2, hidden: input('hidden', 'float32', [rows, time, config.hiddenSize]) };
    const { hidden, blocks, caches } = decoderForward(model, entry, layout);
    expect([blocks.length, caches.length]).toEqual([2, 1]);
    const results = await runOnce({ plain, entered: hidden }, { ...tensors, ...feeds, hidden: await trunk.of({ rows, time, spans }) });
    const width = config.hiddenSize;
    for (const { to, count } of spans) {
      for (let at = to * width; at < (to + count) * width; at++) expect(floats(results.entered)[at]).toBeCloseTo(floats(results.plain)[at], 4);
    }
    await trunk.close();
  });
});

test('what has no room on the disk is refused before anything is computed', async () => {
  const model = { config: { ...tinyConfigs.llama, hiddenSize: 2 ** 50 }, tensors: {} };
  const computed = TrunkStates.compute(model, inStore(groups), { layers: 1, maxTokens: 8 });
  await expect(computed).rejects.toThrow(TrunkSpaceError);
  await expect(computed).rejects.toThrow(/need \d+ MiB, but .+ MiB free: set TMPDIR/);
});

test('computed twice they are the same bits; rows that were never written are an error; an aborted computation ends', async () => {
  const config = { ...tinyConfigs.llama, numLayers: 2 };
  const model = { config, tensors: initWeights(config, 1) };
  const stored = inStore(groups);
  const options = { layers: 1, maxTokens: 8 };
  const [first, second] = [await TrunkStates.compute(model, stored, options), await TrunkStates.compute(model, stored, { ...options, threads: 1 })];
  const all = { rows: 1, time: 17, spans: [{ from: 0, to: 0, count: 17 }] };
  expect((await first.of(all)).data).toEqual((await second.of(all)).data);
  await expect(first.of({ rows: 1, time: 2, spans: [{ from: 16, to: 0, count: 2 }] })).rejects.toThrow('rows 16 to 18 are not in the store');
  await Promise.all([first.close(), second.close()]);
  await expect(TrunkStates.compute(model, stored, { ...options, signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
});
