import { describe, expect, it } from 'vitest';
import { grad } from './grad.js';
import { input, topologicalOrder, type Node } from './graph.js';
import { interpretExactly } from './interpret.js';
import { fromTensor } from './interpret/value.js';
import { add, gather, matmul, mul, rmsNorm, silu, sum, tanh } from './ops.js';
import { f32, i64, type Tensor } from './tensor.js';
import { difference, runOnce } from './testing.fixture.js';

const width = 6;
const depth = 6;

/** A residual network over looked-up rows, with normed blocks: what a transformer is, as far as recomputation goes. */
function network() {
  const weights = Array.from({ length: depth }, (_, i) => input(`w${i}`, 'float32', [width, width]));
  const scales = Array.from({ length: depth }, (_, i) => input(`s${i}`, 'float32', [width]));
  const table = input('table', 'float32', [4, width]);
  let hidden: Node = gather(table, input('ids', 'int64', [5]), 0); // [5, width]
  const blocks = [hidden];
  for (let i = 0; i < depth; i++) {
    hidden = add(hidden, tanh(silu(matmul(rmsNorm(hidden, scales[i], 1e-5), weights[i]))));
    blocks.push(hidden);
  }
  return { loss: sum(mul(hidden, hidden)), wrt: [table, ...weights, ...scales], blocks };
}

const values = (size: number, seed: number): Float32Array => Float32Array.from({ length: size }, (_, i) => Math.sin(seed + 1.3 * i) / 2);

const feeds: Record<string, Tensor> = {
  ids: i64([0, 1, 3, 1, 2], [5]),
  table: f32(values(4 * width, 9), [4, width]),
  ...Object.fromEntries(Array.from({ length: depth }, (_, i) => [`w${i}`, f32(values(width * width, i), [width, width])])),
  ...Object.fromEntries(Array.from({ length: depth }, (_, i) => [`s${i}`, f32(values(width, 20 + i), [width])])),
};

function named(gradients: readonly Node[]): Record<string, Node> {
  return Object.fromEntries(gradients.map((node, i) => [`d${i}`, node]));
}

describe('recomputation', () => {
  const { loss, wrt, blocks } = network();
  const plain = named(grad(loss, wrt));

  it.each([1, 2, 3])('gives the same gradients with every %i. block kept', async (every) => {
    const keep = blocks.filter((_, i) => i % every === 0);
    const saving = named(grad(loss, wrt, undefined, keep));
    const exact = Object.fromEntries(Object.entries(feeds).map(([name, t]) => [name, fromTensor(t)]));
    const [expected, got] = [interpretExactly(plain, exact), interpretExactly(saving, exact)];
    for (const name of Object.keys(plain)) {
      got[name].data.forEach((value, i) => expect(value, `${name}[${i}]`).toBeCloseTo(expected[name].data[i], 12));
    }
    const [first, second] = [await runOnce(plain, feeds), await runOnce(saving, feeds)];
    for (const name of Object.keys(plain)) expect(difference(second[name], first[name]), name).toBeLessThan(1e-6);
  });

  it('reads no inner node of a finished segment in the backward pass', () => {
    const keep = blocks.filter((_, i) => i % 2 === 0);
    const forward = new Set(topologicalOrder([loss]).map(({ id }) => id));
    const allowed = new Set([...keep.map(({ id }) => id), loss.inputs[0].id]);
    const outputs = grad(loss, wrt, undefined, keep);
    const backward = topologicalOrder(outputs).filter(({ id }) => !forward.has(id));
    const read = backward.flatMap(({ inputs }) => inputs.filter(({ id }) => forward.has(id)));
    const strangers = read.filter((node) => node.op !== 'Input' && node.op !== 'Constant' && !allowed.has(node.id));
    expect(strangers.map(({ op }) => op)).toEqual([]);
  });
});
