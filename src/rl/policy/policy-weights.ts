/** The weights of a policy in training: which of them move, how steps are taken, and the checkpoint they make. */
import { type Adapter } from '#src/lm/lora/adapter.js';
import { type Checkpoint } from '#src/lm/files/checkpoint.js';
import { initLora, mergeLora } from '#src/lm/lora/lora.js';
import type { LoraConfig } from '#src/lm/model/lora-delta.js';
import { isDecayed } from '#src/lm/model/parameter-shapes.js';
import { type Tensors } from '#src/lm/files/safetensors.js';
import { isTrainedParameter, loraOf, type TrainedLayers } from '#src/lm/lora/trained-layers.js';
import { LastGood } from '#src/nn/last-good.js';
import { type Feeds } from '#src/nn/session.js';
import { copyOf, type Tensor } from '#src/nn/tensor.js';
import { type TrainGraph } from '#src/nn/train-graph.js';
import { TrainState } from '#src/nn/train-state.js';
import { TrainStep } from '#src/nn/train-step.js';
import { type PolicyModel } from './policy-graph.js';

export interface WeightSettings {
  /** Low-rank factors to train, merged into the weights at the end; null: all weights are trained. */
  lora: LoraConfig | null;
  /** Only the last so many layers; all when left out or null (lm/trained-layers.ts). */
  trainedLayers?: TrainedLayers;
  maxGradNorm: number;
  weightDecay: number;
  seed: number;
}

export interface TrainedWeights {
  /** Full weights; low-rank factors are merged. */
  checkpoint: Checkpoint;
  /** The low-rank factors alone, if they are trained. */
  adapter: Adapter | undefined;
}

export class PolicyWeights {
  readonly model: PolicyModel;
  /** For trainers that end a run at the last good weights; part of `progress`. */
  readonly good: LastGood;
  private readonly state: TrainState;
  private readonly frozen: Tensors;

  /** @param resume what `progress` gave; copied, since training writes in place */
  constructor(
    private readonly start: Checkpoint,
    private readonly settings: WeightSettings,
    resume?: Readonly<Record<string, Tensor>>,
  ) {
    const { config, tensors } = start;
    const { trainedLayers } = settings;
    const lora = loraOf(config, settings.lora, trainedLayers);
    const isTrained = (name: string): boolean => !lora && isTrainedParameter(config, trainedLayers, name);
    const [trained, frozen] = [only(tensors, isTrained), only(tensors, (name) => !isTrained(name))];
    this.frozen = frozen;
    // The checkpoint's own tensors stay as they are: they are the reference, and belong to the caller.
    this.state = resume
      ? TrainState.restore(copyOf(resume))
      : TrainState.init(lora ? initLora(config, lora, `${settings.seed}/lora`) : copyOf(trained));
    this.good = new LastGood(this.state.params);
    this.good.load(resume ?? {});
    this.model = { config, lora, trainedLayers, tensors: { ...frozen, ...this.state.params } };
  }

  /** @param build the graph for feeds of these shapes */
  trainStep(build: (model: PolicyModel, batch: Feeds) => TrainGraph, threads: number | undefined): TrainStep {
    const { maxGradNorm, weightDecay, seed } = this.settings;
    const model = { ...this.model, inTraining: true };
    return new TrainStep({
      state: this.state,
      optimizer: { maxGradNorm, weightDecay, decays: isDecayed },
      build: (batch) => build(model, batch),
      seed,
      frozen: this.frozen,
      session: { threads },
    });
  }

  /** For `resume`. The tensors are overwritten by the next step. */
  progress(): Record<string, Tensor> {
    return { ...this.state.serialise(), ...this.good.serialise() };
  }

  /** The policy as it is now, for a checkpoint; copied. */
  current(): TrainedWeights {
    const { lora } = this.model;
    return { checkpoint: this.checkpoint(), adapter: lora ? { lora, factors: copyOf(this.state.params) } : undefined };
  }

  /** The policy as it is now; full weights, low-rank factors are merged. */
  checkpoint(): Checkpoint {
    const { config, tensors } = this.start;
    const { lora } = this.model;
    const trained = lora ? mergeLora(tensors, this.state.params, config, lora) : { ...tensors, ...copyOf(this.state.params) };
    return { ...this.start, tensors: trained };
  }
}

function only(tensors: Tensors, isWanted: (name: string) => boolean): Tensors {
  return Object.fromEntries(Object.entries(tensors).filter(([name]) => isWanted(name)));
}
