/** The weights of a reward model in training: which of them move, one step on a batch, and the checkpoint they make. */
import { type Checkpoint } from '#src/lm/checkpoint.js';
import { type ModelConfig } from '#src/lm/config.js';
import { initLora, mergeLora } from '#src/lm/lora.js';
import { isDecayed, parameterShapes, scoreName } from '#src/lm/parameter-shapes.js';
import { type Tensors } from '#src/lm/safetensors.js';
import { inputParams, rewardWeightsFrom } from '#src/lm/weights.js';
import { f32, floats } from '#src/nn/tensor.js';
import { type TrainGraph } from '#src/nn/train-graph.js';
import { TrainState } from '#src/nn/train-state.js';
import { TrainStep, type StepReport } from '#src/nn/train-step.js';
import { type RewardHyperparameters } from './hyperparameters.js';
import { sizeOf, type BatchSize, type PreferenceBatch } from './preference-batch.js';
import { rewardLossGraph, type RewardLoss } from './reward-graph.js';

export interface StepResult {
  loss: number;
  gradNorm: number;
  metrics: Record<keyof RewardLoss['metrics'], number>;
}

export class RewardWeights {
  private readonly config: ModelConfig;
  private readonly frozen: Tensors;
  private readonly state: TrainState;
  private readonly trainStep: TrainStep;

  constructor(
    private readonly base: Checkpoint,
    private readonly hyperparameters: RewardHyperparameters,
    threads?: number,
  ) {
    const { lora, seed, weightDecay, maxGradNorm } = hyperparameters;
    this.config = { ...base.config, head: 'reward' };
    const start = rewardWeightsFrom(base.tensors, base.config, seed);
    const factors = lora ? initLora(this.config, lora, seed) : {};
    // With low-rank factors the reward head still has to be learned: it starts from noise.
    const isTrained = (name: string): boolean => !lora || name === scoreName;
    const trained = Object.entries(start).filter(([name]) => isTrained(name));
    this.frozen = Object.fromEntries(Object.entries(start).filter(([name]) => !isTrained(name)));
    // Training writes in place; the policy's own tensors must stay as they are.
    this.state = TrainState.init({ ...copies(Object.fromEntries(trained)), ...factors });
    this.trainStep = new TrainStep({
      state: this.state,
      optimizer: { weightDecay, maxGradNorm, decays: isDecayed },
      build: (feeds) => this.build(sizeOf(feeds)),
      frozen: this.frozen,
      session: { threads },
    });
  }

  /** One optimizer step on a batch in parts; each counts by its share of the pairs, as if it were one. */
  async step(batches: readonly PreferenceBatch[], rate: number): Promise<StepResult> {
    const pairs = batches.reduce((total, { pairCount }) => total + pairCount, 0);
    const parts = batches.map(({ feeds, pairCount }) => ({ feeds, weight: pairCount / pairs }));
    const { reports, gradNorm } = await this.trainStep.runParts(parts, rate);
    const mean = (of: (report: StepReport) => number): number => reports.reduce((sum, report, i) => sum + parts[i].weight * of(report), 0);
    const all = (name: keyof RewardLoss['metrics']): number[] => reports.map(({ metrics }) => metrics[name]);
    const metrics = {
      accuracy: mean((report) => report.metrics.accuracy),
      margin: mean((report) => report.metrics.margin),
      mean_reward: mean((report) => report.metrics.mean_reward),
      min_reward: Math.min(...all('min_reward')),
      max_reward: Math.max(...all('max_reward')),
    };
    return { loss: mean((report) => report.loss), gradNorm, metrics };
  }

  /** The reward model as it is now. */
  checkpoint(): Checkpoint {
    const { lora } = this.hyperparameters;
    const tensors = { ...this.frozen, ...copies(this.state.params) };
    const merged = lora ? mergeLora(tensors, tensors, this.config, lora) : tensors;
    const names = Object.keys(parameterShapes(this.config));
    return { ...this.base, config: this.config, tensors: Object.fromEntries(names.map((name) => [name, merged[name]])) };
  }

  async dispose(): Promise<void> {
    await this.trainStep.dispose();
  }

  private build(size: BatchSize): TrainGraph {
    const { lora, ...options } = this.hyperparameters;
    const params = inputParams({ ...this.frozen, ...this.state.params });
    const { loss, metrics, blocks } = rewardLossGraph({ config: this.config, params, lora: lora ?? undefined }, size, options);
    const trainable = Object.fromEntries(Object.keys(this.state.params).map((name) => [name, params[name]]));
    return { loss, metrics, trainable, keep: options.gradientCheckpointing ? blocks : [] };
  }
}

function copies(tensors: Readonly<Tensors>): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, f32(floats(t).slice(), t.shape)]));
}
