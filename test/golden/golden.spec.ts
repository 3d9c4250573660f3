// The engine on ONNX Runtime against PyTorch: an oracle that shares no line with it.
import { describe, expect, it } from 'vitest';
import { decoderForward, lmLogits, rotaryTables, tokenLogProbs } from '#src/lm/model/transformer.js';
import { linearName } from '#src/lm/model/parameter-shapes.js';
import { emitModel } from '#src/nn/emit.js';
import { grad } from '#src/nn/grad.js';
import { constant, input, type Node } from '#src/nn/graph.js';
import * as nn from '#src/nn/ops.js';
import { adamw, adamwScalars, type AdamWOptions } from '#src/nn/optim/adamw.js';
import { providersHere, slack } from '#src/nn/providers.fixture.js';
import { Session, type Feeds } from '#src/nn/session.js';
import { f32, floats, i64, zeros, type Tensor } from '#src/nn/tensor.js';
import { TrainState } from '#src/nn/train-state.js';
import { TrainStep } from '#src/nn/train-step.js';
import {
  difference, modelConfig, readGolden, unpack, unpackAll,
  type AdamWGolden, type DecoderGolden, type OpGolden, type OpsGolden, type PackedTensors,
} from './golden.js';
import { feedForward } from '#src/lm/model/layers.js';

const here = await providersHere('training steps');
const tolerance = 1e-4;
const threads = { threads: 1 };

async function run(outputs: Record<string, Node>, feeds: Feeds): Promise<Record<string, Tensor>> {
  const session = await Session.create(emitModel(outputs), threads);
  try {
    return await session.run(feeds);
  } finally {
    await session.dispose();
  }
}

function inputsOf(tensors: PackedTensors): Record<string, Node> {
  return Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, input(name, 'float32', shape)]));
}

/** Forward and backward of one op against its golden case. */
async function expectOp(golden: OpGolden, build: (nodes: Record<string, Node>) => Node): Promise<void> {
  const nodes = inputsOf(golden.inputs);
  const output = build(nodes);
  const names = Object.keys(golden.gradients);
  const gradients = grad(output, names.map((name) => nodes[name]), constant(unpack(golden.upstream)));
  const outputs = { output, ...Object.fromEntries(names.map((name, i) => [`gradient.${name}`, gradients[i]])) };
  const got = await run(outputs, unpackAll(golden.inputs));
  expect(difference(got.output, golden.output), 'output').toBeLessThan(tolerance);
  for (const name of names) {
    expect(difference(got[`gradient.${name}`], golden.gradients[name]), `gradient of ${name}`).toBeLessThan(tolerance);
  }
}

describe('ops against PyTorch', () => {
  const golden = readGolden<OpsGolden>('ops');
  const decoderConfig = modelConfig(readGolden<DecoderGolden>('decoder').config);

  it('RMSNorm', () => expectOp(golden.rmsNorm, ({ x, weight }) => nn.rmsNorm(x, weight, 1e-5)));

  it('rotary embedding', () =>
    expectOp(golden.rotary, ({ x }) => {
      const [, , time, headDim] = x.shape;
      const { cos, sin } = rotaryTables({ ...decoderConfig, headDim }, time);
      return nn.rotary(x, constant(cos), constant(sin));
    }));

  it('softmax cross-entropy', () => {
    const { targets } = golden.crossEntropy;
    return expectOp(golden.crossEntropy, ({ logits }) => nn.neg(tokenLogProbs(logits, constant(i64(targets, [targets.length])))));
  });

  it('grouped-query attention as products and softmax', () =>
    expectOp(golden.attention, ({ query, key, value }) => {
      const [batch, heads, time, headDim] = query.shape;
      const kvHeads = key.shape[1];
      const grouped = [batch, kvHeads, (heads / kvHeads) * time, headDim];
      const scores = nn.matmul(nn.mul(nn.reshape(query, grouped), headDim ** -0.5), key, { transB: true });
      const mask = Float32Array.from({ length: time * time }, (_, i) => (i % time > Math.floor(i / time) ? -1e9 : 0));
      const seen = nn.add(nn.reshape(scores, [batch, heads, time, time]), constant(f32(mask, [time, time])));
      const weights = nn.reshape(nn.softmax(seen, -1), [...grouped.slice(0, 3), time]);
      return nn.reshape(nn.matmul(weights, value), query.shape);
    }));

  it('SwiGLU behind its norm', () =>
    expectOp(golden.feedForward, ({ x, norm, gate, up, down }) => {
      const config = { ...decoderConfig, hiddenSize: x.shape[1], intermediateSize: gate.shape[0] };
      const params = {
        'model.layers.0.post_attention_layernorm.weight': norm,
        [linearName(0, 'gate_proj')]: gate,
        [linearName(0, 'up_proj')]: up,
        [linearName(0, 'down_proj')]: down,
      };
      return feedForward({ config, params }, 0, x);
    }));
});

it('three AdamW steps against torch.optim.AdamW', () => {
  const { settings, start, steps } = readGolden<AdamWGolden>('adamw');
  const options = optimizerOf(settings);
  const state = { param: unpack(start), m: zeros(start.shape), v: zeros(start.shape) };
  const moving = { param: floats(state.param), m: floats(state.m), v: floats(state.v) };
  for (const [index, step] of steps.entries()) {
    adamw(moving, floats(unpack(step.gradient)), adamwScalars(index + 1, settings.lr, 1, options), true);
    for (const part of ['param', 'm', 'v'] as const) {
      expect(difference(state[part], step[part]), `${part} after step ${index + 1}`).toBeLessThan(tolerance);
    }
  }
});

describe('a tiny decoder against PyTorch', () => {
  const golden = readGolden<DecoderGolden>('decoder');
  const config = modelConfig(golden.config);
  const shape = [golden.ids.length, golden.ids[0].length];
  const batch = { ids: i64(golden.ids.flat(), shape), targets: i64(golden.targets.flat(), shape) };

  function build() {
    const trainable = Object.fromEntries(
      Object.entries(golden.start).map(([name, tensor]) => [name, input(name, 'float32', tensor.shape)]),
    );
    const model = { config, params: trainable };
    const { hidden } = decoderForward(model, input('ids', 'int64', shape));
    const targets = nn.reshape(input('targets', 'int64', shape), [-1]);
    return { loss: nn.neg(nn.mean(tokenLogProbs(lmLogits(model, hidden), targets))), trainable };
  }

  it('has the same loss and gradients', async () => {
    const { loss, trainable } = build();
    const names = Object.keys(trainable);
    const gradients = grad(loss, Object.values(trainable));
    const outputs = { loss, ...Object.fromEntries(names.map((name, i) => [`gradient.${name}`, gradients[i]])) };
    const got = await run(outputs, { ...batch, ...unpackAll(golden.start) });
    expect(Math.abs(Number(got.loss.data[0]) - golden.losses[0])).toBeLessThan(tolerance);
    expect(names.sort()).toEqual(Object.keys(golden.gradients).sort());
    for (const name of names) expect(difference(got[`gradient.${name}`], golden.gradients[name]), name).toBeLessThan(tolerance);
  });

  it.each(here)('has the same losses, gradient norms and weights over three clipped steps on %s', async (provider) => {
    const state = TrainState.init(unpackAll(golden.start));
    const trainer = new TrainStep({ state, optimizer: optimizerOf(golden.settings), build, session: { ...threads, provider } });
    const close = tolerance * slack[provider];
    for (const [index, loss] of golden.losses.entries()) {
      const report = await trainer.run(batch, golden.settings.lr);
      expect(Math.abs(report.loss - loss), `loss of step ${index + 1}`).toBeLessThan(close);
      expect(Math.abs(report.gradNorm - golden.gradNorms[index]) / golden.gradNorms[index]).toBeLessThan(close);
      // Clipping must have had something to do, or it was not compared.
      expect(golden.gradNorms[index]).toBeGreaterThan(golden.settings.maxGradNorm);
    }
    for (const [name, after] of Object.entries(golden.after)) {
      expect(difference(state.params[name], after), name).toBeLessThan(close);
    }
    await trainer.dispose();
  });
});

function optimizerOf(settings: AdamWGolden['settings'] & { maxGradNorm?: number }): AdamWOptions {
  const [beta1, beta2] = settings.betas;
  return { beta1, beta2, epsilon: settings.eps, weightDecay: settings.weight_decay, maxGradNorm: settings.maxGradNorm };
}
