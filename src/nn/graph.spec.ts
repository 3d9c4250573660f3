import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emitModel } from './emit.js';
import { grad } from './grad.js';
import { constant, GraphError, input, topologicalOrder, type Node } from './graph.js';
import { interpret } from './interpret.js';
import { add, concat, gather, matmul, mul, reshape, slice, sum, where } from './ops.js';
import { Session } from './session.js';
import { broadcastShapes } from './shapes.js';
import { bools, f32, floats, i64, zeros, type Tensor } from './tensor.js';

/** A shape and one that broadcasts to it: axes dropped from the left, others set to 1. */
const broadcastable = fc
  .array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 })
  .chain((full) =>
    fc.tuple(
      fc.constant(full),
      fc.nat({ max: full.length }),
      fc.array(fc.boolean(), { minLength: full.length, maxLength: full.length }),
    ),
  )
  .map(([full, drop, ones]) => [full, full.map((dim, i) => (ones[i] ? 1 : dim)).slice(drop)] as const);

describe('shape inference', () => {
  it('broadcasts either way round, and the gradient has the shape of its operand', () => {
    fc.assert(
      fc.property(broadcastable, ([full, part]) => {
        expect(broadcastShapes(full, part)).toEqual(full);
        const [a, b] = [input('a', 'float32', full), input('b', 'float32', part)];
        expect(add(b, a).shape).toEqual(full);
        const [ga, gb] = grad(sum(mul(a, b)), [a, b]) as [Node, Node];
        const ones = (shape: readonly number[]): Tensor =>
          f32(
            floats(zeros(shape)).map(() => 1),
            shape,
          );
        const out = interpret({ ga, gb }, { a: ones(full), b: ones(part) });
        const copies = ones(full).data.length / ones(part).data.length;
        expect(out['ga']).toEqual(ones(full));
        expect([...(out['gb']).data].every((v) => v === copies)).toBe(true);
        expect(out['gb']?.shape).toEqual(part);
      }),
      { numRuns: 60 },
    );
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'add',
      () => add(input('a', 'float32', [2, 3]), input('b', 'float32', [2])),
      /Add: shapes \[2, 3\] and \[2\]/,
    ],
    ['types', () => add(input('a', 'float32', [2]), input('b', 'int64', [2])), /types float32 and int64/],
    ['matmul', () => matmul(input('a', 'float32', [2, 3]), input('b', 'float32', [2, 3])), /inner sizes/],
    ['reshape', () => reshape(input('a', 'float32', [2, 3]), [4, -1]), /does not fit/],
    [
      'concat',
      () => concat([input('a', 'float32', [2, 3]), input('b', 'float32', [3, 3])], 1),
      /does not join/,
    ],
    ['slice', () => slice(input('a', 'float32', [2, 3]), 1, 2, 1), /Slice: 2..1/],
    ['axis', () => sum(input('a', 'float32', [2]), 1), /axis 1 is outside a tensor of rank 1/],
    [
      'gather',
      () => gather(input('a', 'float32', [2]), input('i', 'float32', [1]), 0),
      /indices must be integers/,
    ],
    ['where', () => where(input('c', 'float32', [1]), 1, 2), /expected bool/],
  ])('explains a bad %s', (_, build, message) => {
    expect(build).toThrow(GraphError);
    expect(build).toThrow(message);
  });

  it('walks a graph thousands of nodes deep', () => {
    let x: Node = input('x', 'float32', []);
    for (let i = 0; i < 20_000; i++) x = add(x, x);
    expect(topologicalOrder([x])).toHaveLength(20_001);
  });
});

describe('emission', () => {
  it('gives equal bytes for equal graphs', () => {
    const build = () => {
      const x = input('x', 'float32', [2, 2]);
      return emitModel({ y: add(matmul(x, constant(f32([1, 2, 3, 4], [2, 2]))), 1) });
    };
    expect(Buffer.from(build()).equals(Buffer.from(build()))).toBe(true);
  });

  it('refuses public names that clash', () => {
    const x = input('x', 'float32', [1]);
    expect(() => emitModel({ x: add(x, 1) })).toThrow(/named x/);
    expect(() => emitModel({ y: add(x, input('x', 'float32', [1])) })).toThrow(/named x/);
  });
});

describe('Session', () => {
  it('publishes inputs, constants and one node under two names', async () => {
    const x = input('x', 'float32', [2]);
    const y = mul(x, 2);
    const session = await Session.create(emitModel({ y, again: y, same: x, fixed: constant(i64([7], [1])) }));
    const out = await session.run({ x: f32([1, 2], [2]) });
    expect(
      [out['y'], out['again'], out['same'], out['fixed']].map((t) => [...(t).data].map(Number)),
    ).toEqual([[2, 4], [2, 4], [1, 2], [7]]);
    await session.dispose();
  });

  it('writes into the given tensors, in place when one is also fed', async () => {
    const x = input('x', 'float32', [3]);
    const session = await Session.create(
      emitModel({ next: add(mul(x, 2), 1), same: input('flag', 'bool', [1]) }),
    );
    const state = f32([1, 2, 3], [3]);
    const { data } = state;
    const out = await session.run({ x: state, flag: bools([true], [1]) }, { next: state });
    expect(out['next']).toBe(state);
    expect(state.data).toBe(data);
    expect([...data]).toEqual([3, 5, 7]);
    await session.dispose();
  });

  it('names the input that is missing', async () => {
    const session = await Session.create(emitModel({ y: add(input('x', 'float32', [1]), 1) }));
    await expect(session.run({})).rejects.toThrow(/an input x/);
    await session.dispose();
  });
});
