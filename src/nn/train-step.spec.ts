import { afterEach, describe, expect, it } from 'vitest';
import { Rng } from '#src/common/rng.js';
import { input } from './graph.js';
import {
  gather,
  gatherElements,
  logSoftmax,
  matmul,
  mean,
  mul,
  neg,
  reshape,
  silu,
  sub,
  square,
  sum,
} from './ops.js';
import { f32, floats, i64, scalarTensor, type Tensor } from './tensor.js';
import { TrainState } from './train-state.js';
import { TrainStep } from './train-step.js';
import { copyOf } from './testing.fixture.js';
import type { Feeds } from './session.js';
import type { TrainGraph } from './train-graph.js';

const VOCAB = 11;
const WIDTH = 16;

function freshParams(seed: number): Record<string, Tensor> {
  const rng = Rng.from(seed);
  const random = (...shape: number[]) =>
    f32(
      Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => 0.2 * rng.normal()),
      shape,
    );
  return { embed: random(VOCAB, WIDTH), up: random(WIDTH, 2 * WIDTH), down: random(2 * WIDTH, WIDTH) };
}

/** Next-token toy: embed, one gated layer, tied head, mean cross entropy. ids, targets int64 [n]. */
function buildToy(batch: Feeds): TrainGraph {
  const n = (batch['ids']).shape[0];
  const trainable = {
    embed: input('embed', 'float32', [VOCAB, WIDTH]),
    up: input('up', 'float32', [WIDTH, 2 * WIDTH]),
    down: input('down', 'float32', [2 * WIDTH, WIDTH]),
  };
  const x = gather(trainable.embed, input('ids', 'int64', [n]), 0);
  const h = matmul(silu(matmul(x, trainable.up)), trainable.down);
  const logp = logSoftmax(matmul(h, trainable.embed, { transB: true }), -1);
  const picked = gatherElements(logp, reshape(input('targets', 'int64', [n]), [n, 1]), 1);
  return { loss: neg(mean(picked)), metrics: { norm: sum(square(trainable.embed)) }, trainable };
}

function toyBatch(n: number): { ids: Tensor; targets: Tensor } {
  const ids = Array.from({ length: n }, (_, i) => (i * 5) % VOCAB);
  return {
    ids: i64(ids, [n]),
    targets: i64(
      ids.map((id) => (id * 3 + 1) % VOCAB),
      [n],
    ),
  };
}

const optimizer = { weightDecay: 0.01, maxGradNorm: 1 };
const open: TrainStep[] = [];
function toyStep(state: TrainState): TrainStep {
  const step = new TrainStep({ state, optimizer, build: buildToy, session: { threads: 1 } });
  open.push(step);
  return step;
}
afterEach(async () => {
  for (const step of open.splice(0)) await step.dispose();
});

describe('TrainStep', () => {
  it('brings the loss of a toy problem down and reports metrics from before the step', async () => {
    const state = TrainState.init(freshParams(1));
    const step = toyStep(state);
    const before = floats(state.params['embed']).reduce((total, v) => total + v * v, 0);
    const first = await step.run(toyBatch(32), 0.01);
    expect(first.loss).toBeCloseTo(Math.log(VOCAB), 0);
    expect(first.metrics['norm']).toBeCloseTo(before, 4);
    let last = first;
    for (let i = 0; i < 150; i++) last = await step.run(toyBatch(32), 0.01);
    expect(last.loss).toBeLessThan(0.05);
    expect(last.gradNorm).toBeGreaterThan(0);
    expect(state.step).toBe(151);
  });

  it('updates the tensors of the state in place', async () => {
    const state = TrainState.init(freshParams(2));
    const tensors = Object.values(state.serialise());
    const copies = tensors.map(({ data }) => data.slice());
    await toyStep(state).run(toyBatch(8), 0.01);
    const flat = state.serialise();
    Object.values(flat).forEach((tensor, i) => {
      if (tensor.dtype !== 'float32') return;
      expect(tensor).toBe(tensors[i]);
      expect(tensor.data).not.toEqual(copies[i]);
    });
  });

  it('gives the same bits from the same seed, and continues from a checkpoint as if never stopped', async () => {
    const run = async (state: TrainState, steps: number) => {
      const step = toyStep(state);
      for (let i = 0; i < steps; i++) await step.run(toyBatch(8 + 8 * (state.step % 2)), 0.02);
      return state;
    };
    const whole = await run(TrainState.init(freshParams(3)), 6);
    const half = await run(TrainState.init(freshParams(3)), 3);
    const resumed = await run(TrainState.restore(copyOf(half.serialise())), 3);
    expect(resumed.serialise()).toEqual(whole.serialise());
  });

  it('gets from 8 accumulated parts what one batch of 8 gives', async () => {
    const batch = toyBatch(8);
    const together = TrainState.init(freshParams(4));
    const apart = TrainState.init(freshParams(4));
    const whole = toyStep(together);
    const parts = toyStep(apart);
    for (let round = 0; round < 3; round++) {
      const { gradNorm, loss } = await whole.run(batch, 0.01);
      let total = 0;
      for (let i = 0; i < 8; i++) {
        const part = {
          ids: i64([Number(batch.ids.data[i])], [1]),
          targets: i64([Number(batch.targets.data[i])], [1]),
        };
        total += (await parts.accumulate(part, 1 / 8)).loss / 8;
      }
      expect(total).toBeCloseTo(loss, 5);
      expect(parts.apply(0.01).gradNorm).toBeCloseTo(gradNorm, 5);
    }
    for (const [name, tensor] of Object.entries(together.serialise())) {
      const other = apart.serialise()[name];
      tensor.data.forEach((v, i) => expect(Math.abs(Number(v) - Number(other.data[i]))).toBeLessThan(1e-5));
    }
  });

  it('starts parts from zero, whatever step came before', async () => {
    const [parts, whole] = [TrainState.init(freshParams(5)), TrainState.init(freshParams(5))];
    const [inParts, atOnce] = [toyStep(parts), toyStep(whole)];
    const halves = [{ feeds: toyBatch(8), weight: 0.5 }, { feeds: toyBatch(8), weight: 0.5 }];
    for (let round = 0; round < 3; round++) {
      await inParts.run(toyBatch(8), 0.01);
      await atOnce.run(toyBatch(8), 0.01);
      const { gradNorm } = await inParts.runParts(halves, 0.01);
      expect(gradNorm).toBeCloseTo((await atOnce.run(toyBatch(8), 0.01)).gradNorm, 5);
    }
  });

  it('does not let a metric that is not a number into the parameters', async () => {
    const state = TrainState.init({ w: f32([1, 2], [2]) });
    const step = new TrainStep({
      state,
      optimizer: {},
      build: () => {
        const w = input('w', 'float32', [2]);
        return {
          loss: sum(square(w)),
          metrics: { broken: mul(input('x', 'float32', []), 1) },
          trainable: { w },
        };
      },
    });
    open.push(step);
    const report = await step.run({ x: scalarTensor(NaN) }, 0.1);
    expect(report.metrics['broken']).toBeNaN();
    expect([...floats(state.params['w'])].map((v) => v.toFixed(4))).toEqual(['0.9000', '1.9000']);
  });

  it('refuses a graph that does not train what the state holds', async () => {
    const state = TrainState.init({ w: f32([1], [1]), other: f32([1], [1]) });
    const w = input('w', 'float32', [1]);
    const step = new TrainStep({
      state,
      optimizer: {},
      build: () => ({ loss: sum(sub(w, 1)), trainable: { w } }),
    });
    await expect(step.run({}, 0.1)).rejects.toThrow(/does not train other/);
  });
});
