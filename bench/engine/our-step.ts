// Our side of the comparison: forward, loss and backward in one run, then clipping and AdamW.
import { Rng } from '#src/common/rng.js';
import { decoderForward, lmLogits, tokenLogProbs } from '#src/lm/model/transformer.js';
import { initWeights } from '#src/lm/files/weights.js';
import { input } from '#src/nn/graph.js';
import { mean, neg, reshape } from '#src/nn/ops.js';
import type { Feeds, SessionOptions } from '#src/nn/session.js';
import { i64 } from '#src/nn/tensor.js';
import type { TrainGraph } from '#src/nn/train-graph.js';
import { TrainState } from '#src/nn/train-state.js';
import { TrainStep } from '#src/nn/train-step.js';
import type { Profiled } from './profile.js';
import type { StepShape } from './shapes.js';

export interface TimedSteps {
  /** Of each step. */
  seconds: number[];
  /** Mean cross-entropy before the last step, in nats. */
  loss: number;
}

/** Same arithmetic as tools/oracles/torch_step.py: weight decay 0.01, gradient norm clipped to 1. */
export class OurStep {
  private readonly trainer: TrainStep;
  private readonly batch: Feeds;

  constructor(shape: StepShape, session: SessionOptions) {
    const { config, batch, time } = shape;
    const rng = Rng.from(`bench ${shape.name}`);
    const ids = () => i64(BigInt64Array.from({ length: batch * time }, () => BigInt(rng.int(config.vocabSize))), [batch, time]);
    this.batch = { ids: ids(), targets: ids() };
    const state = TrainState.init(initWeights(config, 1));
    const optimizer = { weightDecay: 0.01, maxGradNorm: 1 };
    this.trainer = new TrainStep({ state, optimizer, build: () => lossGraph(shape, state), session });
  }

  async run(times: number): Promise<TimedSteps> {
    const seconds: number[] = [];
    let loss = NaN;
    for (let i = 0; i < times; i++) {
      const started = performance.now();
      ({ loss } = await this.trainer.run(this.batch, 1e-3));
      seconds.push((performance.now() - started) / 1000);
    }
    return { seconds, loss };
  }

  /** Writes the profile that the session options asked for, and ends. */
  async endProfiling(): Promise<void> {
    this.trainer.endProfiling();
    await this.dispose();
  }

  dispose(): Promise<void> {
    return this.trainer.dispose();
  }
}

/** The same with the runtime's profile on. */
export function profiledStep(shape: StepShape, session: SessionOptions): Profiled {
  const step = new OurStep(shape, session);
  return { run: async () => (await step.run(1)).seconds[0], end: () => step.endProfiling() };
}

function lossGraph({ config, batch, time }: StepShape, state: TrainState): TrainGraph {
  const trainable = Object.fromEntries(
    Object.entries(state.params).map(([name, { shape }]) => [name, input(name, 'float32', shape)]),
  );
  const model = { config, params: trainable };
  const { hidden } = decoderForward(model, input('ids', 'int64', [batch, time]));
  const targets = reshape(input('targets', 'int64', [batch, time]), [-1]); // [batch * time]
  return { loss: neg(mean(tokenLogProbs(lmLogits(model, hidden), targets))), trainable };
}
