import { describe, expect, it } from 'vitest';
import { grad } from './grad.js';
import { constant, GraphError, input, type Node } from './graph.js';
import { interpret, interpretExactly } from './interpret.js';
import { fromTensor, type Value } from './interpret/value.js';
import { buildCase, opCases, type OpCase } from './op-cases.fixture.js';
import { add, gather, matmul, minimum, mul, quantizedMatmul, stopGradient, sum } from './ops.js';
import { f32, i64, zeros } from './tensor.js';
import { difference, runOnce } from './testing.fixture.js';

/** A scalar that weighs every element of the case's output differently. */
function weighted(y: Node): Node {
  const weights = zeros(y.shape);
  weights.data.forEach((_, i) => (weights.data[i] = Math.cos(1 + 1.7 * i)));
  return sum(mul(y, constant(weights)));
}

function setUp(opCase: OpCase) {
  const { inputs, outputs } = buildCase(opCase);
  const loss = weighted(outputs['y']);
  const wrt = Object.entries(inputs).filter(([, node]) => node.dtype === 'float32');
  const gradients = grad(
    loss,
    wrt.map(([, node]) => node),
  );
  return { loss, gradients: Object.fromEntries(wrt.map(([name], i) => [`d.${name}`, gradients[i]])) };
}

function nudged(feeds: Record<string, Value>, name: string, at: number, by: number): Record<string, Value> {
  const { shape, data } = feeds[name];
  return { ...feeds, [name]: { shape, data: data.map((v, i) => (i === at ? v + by : v)) } };
}

const differentiable = opCases.filter((c) => c.differentiable !== false);

describe('gradients', () => {
  it.each(differentiable.map((c) => [c.name, c] as const))('finite differences: %s', (_, opCase) => {
    const { loss, gradients } = setUp(opCase);
    const feeds = Object.fromEntries(Object.entries(opCase.feeds).map(([name, t]) => [name, fromTensor(t)]));
    const exact = interpretExactly(gradients, feeds);
    const step = 1e-5;
    const at = (moved: Record<string, Value>) => interpretExactly({ loss }, moved)['loss']?.data[0];
    for (const [key, gradient] of Object.entries(exact)) {
      const name = key.slice(2);
      gradient.data.forEach((g, i) => {
        const slope = (at(nudged(feeds, name, i, step)) - at(nudged(feeds, name, i, -step))) / (2 * step);
        if (Number.isFinite((feeds[name]).data[i])) {
          expect(Math.abs(g - slope), `${name}[${i}]: ${g} against ${slope}`).toBeLessThan(
            1e-6 * Math.max(1, Math.abs(slope)),
          );
        }
      });
    }
  });

  it.each(differentiable.map((c) => [c.name, c] as const))('ONNX Runtime: %s', async (_, opCase) => {
    const { gradients } = setUp(opCase);
    const expected = interpret(gradients, opCase.feeds);
    const got = await runOnce(gradients, opCase.feeds);
    for (const name of Object.keys(gradients)) {
      expect(difference(got[name], expected[name]), name).toBeLessThan(2e-5);
    }
  });

  it('equal operands of minimum take half each', () => {
    const x = input('x', 'float32', [2]);
    const y = input('y', 'float32', [2]);
    const [gx, gy] = grad(sum(minimum(x, y)), [x, y]);
    const out = interpret({ gx: gx, gy: gy }, { x: f32([1, 2], [2]), y: f32([1, 3], [2]) });
    expect([...(out['gx']).data]).toEqual([0.5, 1]);
    expect([...(out['gy']).data]).toEqual([0.5, 0]);
  });

  it('adds both uses of an embedding tied to the output head', async () => {
    const table = input('table', 'float32', [6, 3]);
    const ids = input('ids', 'int64', [4]);
    const logits = matmul(gather(table, ids, 0), table, { transB: true });
    const loss = weighted(logits);
    const [g] = grad(loss, [table]) as [Node];
    const feeds = {
      table: f32(
        Array.from({ length: 18 }, (_, i) => Math.sin(i)),
        [6, 3],
      ),
      ids: i64([1, 4, 1, 5], [4]),
    };
    const exact = Object.fromEntries(Object.entries(feeds).map(([name, t]) => [name, fromTensor(t)]));
    const at = (by: number) =>
      interpretExactly({ loss }, nudged(exact, 'table', 4, by))['loss']?.data[0];
    const got = (await runOnce({ g }, feeds))['g'];
    expect(Number(got.data[4])).toBeCloseTo((at(1e-5) - at(-1e-5)) / 2e-5, 4);
  });

  it('is zero behind stopGradient and for what the loss does not use', () => {
    const x = input('x', 'float32', [2]);
    const unused = input('unused', 'float32', [3]);
    const [gx, gu] = grad(sum(mul(stopGradient(x), 2)), [x, unused]);
    const out = interpret({ gx: gx, gu: gu }, { x: f32([1, 2], [2]) });
    expect([...(out['gx']).data]).toEqual([0, 0]);
    expect([...(out['gu']).data]).toEqual([0, 0, 0]);
  });

  it('refuses what has no gradient', () => {
    const x = input('x', 'float32', [1, 8]);
    const product = quantizedMatmul(x, input('packed', 'uint8', [2, 1, 8]), input('scales', 'float32', [2, 1]), { bits: 8, blockSize: 8 });
    expect(() => grad(sum(product), [x])).toThrow(/MatMulNBits has no gradient/);
    expect(() => grad(add(x, 1), [x])).toThrow(GraphError);
  });
});

describe('determinism', () => {
  it('repeated rows add up to the same bits 50 times over', async () => {
    const table = input('table', 'float32', [50, 32]);
    const ids = input('ids', 'int64', [4096]);
    const [g] = grad(weighted(gather(table, ids, 0)), [table]) as [Node];
    const feeds = {
      table: zeros([50, 32]),
      ids: i64(
        Array.from({ length: 4096 }, (_, i) => (i * 7919) % 50),
        [4096],
      ),
    };
    const { Session } = await import('./session.js');
    const { emitModel } = await import('./emit.js');
    const session = await Session.create(emitModel({ g }), { threads: 2 });
    const first = (await session.run(feeds))['g'];
    expect(difference(first, interpret({ g }, feeds)['g'])).toBeLessThan(1e-4);
    for (let run = 1; run < 50; run++) {
      const again = (await session.run(feeds))['g'];
      expect(Buffer.from(again.data.buffer).equals(Buffer.from(first.data.buffer))).toBe(true);
    }
    await session.dispose();
  });
});
