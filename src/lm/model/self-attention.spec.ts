import { describe, expect, it } from 'vitest';
import { grad } from '#src/nn/grad.js';
import { input, topologicalOrder, type Node } from '#src/nn/graph.js';
import { gather, mul, sum } from '#src/nn/ops.js';
import { difference, runOnce } from '#src/nn/testing.fixture.js';
import { type Tensor } from '#src/nn/tensor.js';
import { packBranches } from '../text/packing.js';
import { queryBounds } from './self-attention.js';
import { tinyConfig } from './tiny-model.fixture.js';
import { decoderForward, type ForwardOptions } from './transformer.js';
import { initWeights, inputParams } from '../files/weights.js';

const tensors = initWeights(tinyConfig, 5);
const some = (length: number, from: number): number[] => Array.from({ length }, (_, i) => (i * 7 + from) % tinyConfig.vocabSize);
const { rows, time, places, feeds } = packBranches(
  [
    { prefix: some(60, 1), tails: [some(50, 2), some(70, 3)] },
    { prefix: some(90, 4), tails: [some(20, 5)] },
  ],
  { timeMultiple: 16 },
);
const wanted: Tensor = { dtype: 'int64', shape: [3], data: BigInt64Array.from(places.flat(), ({ tail }) => BigInt(tail + 3)) };

/** Final states of the wanted tokens and the gradients of a loss on them, whichever way the forward pass takes. */
function outputs(options: { blocks: boolean; onlyWanted: boolean }): Record<string, Node> {
  const params = inputParams(tensors);
  const node = (name: 'ids' | 'positions' | 'attentionMask') => input(name, feeds[name].dtype, feeds[name].shape);
  const at = input('wanted', 'int64', wanted.shape);
  const how: ForwardOptions = { wholeScores: !options.blocks, ...(options.onlyWanted ? { wanted: at } : {}) };
  const { hidden } = decoderForward({ config: tinyConfig, params }, node('ids'), { positions: node('positions'), mask: node('attentionMask') }, how);
  const read = options.onlyWanted ? hidden : gather(hidden, at, 0); // [3, hidden]
  const found = grad(sum(mul(mul(read, read), read)), Object.values(params));
  return { read, ...Object.fromEntries(Object.keys(params).map((name, i) => [`d.${name}`, found[i]])) };
}

const run = (nodes: Record<string, Node>) => runOnce(nodes, { ...tensors, ...feeds, wanted });
const rowsOfProducts = (nodes: Record<string, Node>): number =>
  topologicalOrder(Object.values(nodes)).reduce((total, { op, shape }) => total + (op === 'MatMul' && shape.length === 2 ? shape[0] * shape[1] : 0), 0);

describe('self-attention', () => {
  it('cuts the time into few blocks of at least 64 queries', () => {
    expect([16, 127, 128, 200, 256, 1024].map((t) => queryBounds(t).length - 1)).toEqual([1, 1, 2, 3, 4, 4]);
    expect(queryBounds(200)).toEqual([0, 67, 134, 200]);
    expect(queryBounds(256, true)).toEqual([0, 256]);
  });

  it('gives the same in blocks as at once, forward and backward, on packed rows', async () => {
    expect([rows, queryBounds(time).length - 1]).toEqual([2, 3]);
    const whole = await run(outputs({ blocks: false, onlyWanted: false }));
    const cut = await run(outputs({ blocks: true, onlyWanted: false }));
    for (const name of Object.keys(whole)) expect(difference(cut[name], whole[name]), name).toBeLessThan(2e-5);
  });

  it('gives the same when the last layer computes wanted tokens only, for less work', async () => {
    const [all, few] = [outputs({ blocks: true, onlyWanted: false }), outputs({ blocks: true, onlyWanted: true })];
    expect(rowsOfProducts(few)).toBeLessThan(0.8 * rowsOfProducts(all));
    const [plain, wantedOnly] = [await run(all), await run(few)];
    for (const name of Object.keys(plain)) expect(difference(wantedOnly[name], plain[name]), name).toBeLessThan(2e-5);
  });
});
