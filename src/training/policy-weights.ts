/** The weights of a policy in training: which of them move, how steps are taken, and the checkpoint they make. */
import { type Adapter } from '#src/lm/adapter.js';
import { type Checkpoint } from '#src/lm/checkpoint.js';
import { initLora, mergeLora, type LoraConfig } from '#src/lm/lora.js';
import { isDecayed } from '#src/lm/parameter-shapes.js';
import { type Tensors } from '#src/lm/safetensors.js';
import { LastGood } from '#src/nn/last-good.js';
import { type Feeds } from '#src/nn/session.js';
import { f32, floats, type Tensor } from '#src/nn/tensor.js';
import { type TrainGraph } from '#src/nn/train-graph.js';
import { TrainState } from '#src/nn/train-state.js';
import { TrainStep } from '#src/nn/train-step.js';
import { type PolicyModel } from './policy-graph.js';

export interface WeightSettings {
  /** Train low-rank factors, merged into the weights at the end; null trains all weights. */
  lora: LoraConfig | null;
  maxGradNorm: number;
  weightDecay: number;
  seed: number;
}

export interface TrainedWeights {
  /** Full weights; low-rank factors are merged. */
  checkpoint: Checkpoint;
  /** The low-rank factors by themselves, where these are trained. */
  adapter: Adapter | undefined;
}

export class PolicyWeights {
  readonly model: PolicyModel;
  /** For trainers that end a run at the last good weights; part of `progress`. */
  readonly good: LastGood;
  private readonly state: TrainState;

  /** @param resume what `progress` gave; copied, since training writes in place */
  constructor(
    private readonly start: Checkpoint,
    private readonly settings: WeightSettings,
    resume?: Readonly<Record<string, Tensor>>,
  ) {
    const { config, tensors } = start;
    const lora = settings.lora ?? undefined;
    // The checkpoint's own tensors stay as they are: they are the reference, and belong to the caller.
    this.state = resume
      ? TrainState.restore(copyOf(resume))
      : TrainState.init(lora ? initLora(config, lora, `${settings.seed}/lora`) : copyOf(tensors));
    this.good = new LastGood(this.state.params);
    this.good.load(resume ?? {});
    this.model = {
      config,
      lora,
      tensors: lora ? { ...tensors, ...this.state.params } : { ...this.state.params },
    };
  }

  /** @param build the graph for feeds of these shapes */
  trainStep(build: (batch: Feeds) => TrainGraph, threads: number | undefined): TrainStep {
    const { lora, maxGradNorm, weightDecay } = this.settings;
    return new TrainStep({
      state: this.state,
      optimizer: { maxGradNorm, weightDecay, decays: isDecayed },
      build,
      frozen: lora ? this.start.tensors : {},
      session: { threads },
    });
  }

  /** For `resume`. The tensors are overwritten by the next step. */
  progress(): Record<string, Tensor> {
    return { ...this.state.serialise(), ...this.good.serialise() };
  }

  /** The policy as it is now, for a checkpoint; copied. */
  current(): TrainedWeights {
    const { lora } = this.settings;
    return { checkpoint: this.checkpoint(), adapter: lora ? { lora, factors: copyOf(this.state.params) } : undefined };
  }

  /** The policy as it is now; full weights, low-rank factors are merged. */
  checkpoint(): Checkpoint {
    const { config, tensors } = this.start;
    const { lora } = this.settings;
    const trained = lora ? mergeLora(tensors, this.state.params, config, lora) : copyOf(this.state.params);
    return { ...this.start, tensors: trained };
  }
}

function copyOf(tensors: Readonly<Record<string, Tensor>>): Tensors {
  const copy = ([name, tensor]: [string, Tensor]): [string, Tensor] => [
    name,
    tensor.dtype === 'float32' ? f32(floats(tensor).slice(), tensor.shape) : tensor,
  ];
  return Object.fromEntries(Object.entries(tensors).map(copy));
}
