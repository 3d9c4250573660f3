/** The weights of a reward model in training: which of them move, one step on a batch, and the checkpoint they make. */
import { setImmediate as turn } from 'node:timers/promises';
import { type Adapter } from '#src/lm/lora/adapter.js';
import { type Checkpoint } from '#src/lm/files/checkpoint.js';
import { type ModelConfig } from '#src/lm/model/config.js';
import { initLora, mergeLora } from '#src/lm/lora/lora.js';
import { type LoraConfig, noiseOf } from '#src/lm/model/lora-delta.js';
import { isDecayed, parameterShapes, scoreName } from '#src/lm/model/parameter-shapes.js';
import { type Tensors } from '#src/lm/files/safetensors.js';
import { isTrainedParameter, loraOf, lowestTrainedLayer } from '#src/lm/lora/trained-layers.js';
import { type TrunkStates } from '#src/lm/lora/trunk-states.js';
import { inputParams, rewardWeightsFrom } from '#src/lm/files/weights.js';
import { emitModel } from '#src/nn/emit.js';
import { type Node } from '#src/nn/graph.js';
import { LastGood } from '#src/nn/last-good.js';
import { Session, type Feeds } from '#src/nn/session.js';
import { copyOf } from '#src/nn/tensor.js';
import { type TrainGraph } from '#src/nn/train-graph.js';
import { TrainState } from '#src/nn/train-state.js';
import { TrainStep } from '#src/nn/train-step.js';
import { type OptimizerSettings, type PassSettings } from '../settings.js';
import { fed } from '../batch/completion-batch.js';
import { sizeOf, type PreferenceBatch } from '../batch/preference-batch.js';
import { Recent } from '#src/common/recent.js';
import { type LossOptions, type RewardLoss, rewardLossGraph } from './reward-graph.js';

type Settings = LossOptions & Pick<PassSettings, 'trainedLayers'> & Pick<OptimizerSettings, 'lora' | 'gradientCheckpointing' | 'maxGradNorm' | 'weightDecay' | 'seed'>;

export interface StepResult {
  loss: number;
  gradNorm: number;
  metrics: Record<keyof RewardLoss['metrics'], number>;
}

export class RewardWeights {
  /** Last good weights of a run; part of `progress`. */
  readonly good: LastGood;
  private readonly config: ModelConfig;
  private readonly lora: LoraConfig | undefined;
  private readonly frozen: Tensors;
  private readonly state: TrainState;
  private readonly trainStep: TrainStep;
  private readonly forwards = new Recent<Session>(8, (session) => session.dispose());

  constructor(
    private readonly base: Checkpoint,
    private readonly hyperparameters: Settings,
    private readonly threads?: number,
    resume?: Readonly<Tensors>,
  ) {
    const { seed, weightDecay, maxGradNorm, trainedLayers } = hyperparameters;
    this.config = { ...base.config, head: 'reward' };
    const lora = loraOf(this.config, hyperparameters.lora, trainedLayers);
    this.lora = lora;
    const start = rewardWeightsFrom(base.tensors, base.config, seed);
    const factors = lora ? initLora(this.config, lora, seed) : {};
    // With low-rank factors the reward head is trained too: it starts from noise.
    const isTrained = (name: string): boolean => (lora ? name === scoreName : isTrainedParameter(this.config, trainedLayers, name));
    const trained = Object.entries(start).filter(([name]) => isTrained(name));
    this.frozen = Object.fromEntries(Object.entries(start).filter(([name]) => !isTrained(name)));
    // Training writes in place; the policy's own tensors must stay as they are, and so must a save.
    this.state = resume ? TrainState.restore(copyOf(resume)) : TrainState.init({ ...copyOf(Object.fromEntries(trained)), ...factors });
    this.good = new LastGood(this.state.params);
    this.good.load(resume ?? {});
    this.trainStep = new TrainStep({
      state: this.state,
      optimizer: { weightDecay, maxGradNorm, decays: isDecayed },
      build: (feeds) => this.build(feeds, noiseOf(lora)),
      seed,
      frozen: this.frozen,
      session: { threads },
    });
  }

  /**
   * One optimizer step on a batch in parts; each counts by its share of the weight, as if it were one.
   *
   * @param trunk hidden states of the texts that have a source
   */
  async step(all: readonly PreferenceBatch[], rate: number, trunk?: TrunkStates): Promise<StepResult> {
    const batches = weighing(all);
    const weight = batches.reduce((total, batch) => total + batch.weight, 0);
    const parts = batches.map((batch) => ({ feeds: () => fed(batch, trunk), weight: batch.weight / weight }));
    const { reports, gradNorm } = await this.trainStep.runParts(parts, rate);
    return { ...combineReports(reports, batches), gradNorm };
  }

  /** Loss and figures of these batches with the weights as they are; `trunk` as in `step`. */
  async evaluate(all: readonly PreferenceBatch[], trunk?: TrunkStates): Promise<Omit<StepResult, 'gradNorm'>> {
    const batches = weighing(all);
    const reports: PartReport[] = [];
    for (const batch of batches) {
      const { loss, ...metrics } = await this.forward(await fed(batch, trunk));
      reports.push({ loss, metrics });
      await turn();
    }
    return combineReports(reports, batches);
  }

  /** A copy of what is trained, for `checkpoint`. */
  snapshot(): Tensors {
    return copyOf(this.state.params);
  }

  /** For `resume`. The tensors are overwritten by the next step. */
  progress(): Tensors {
    return { ...this.state.serialise(), ...this.good.serialise() };
  }

  /** The reward model with what is trained as it is now, or as it was in a snapshot. */
  checkpoint(trained: Readonly<Tensors> = this.state.params): Checkpoint {
    const { lora } = this;
    const tensors = { ...this.frozen, ...copyOf(trained) };
    const merged = lora ? mergeLora(tensors, tensors, this.config, lora) : tensors;
    const names = Object.keys(parameterShapes(this.config));
    return { ...this.base, config: this.config, tensors: Object.fromEntries(names.map((name) => [name, merged[name]])) };
  }

  /** The low-rank factors and the head alone, if they are trained; of a snapshot as `checkpoint`. */
  adapter(trained: Readonly<Tensors> = this.state.params): Adapter | null {
    if (!this.lora) return null;
    const { [scoreName]: head, ...factors } = copyOf(trained);
    return { lora: this.lora, factors, whole: { [scoreName]: head } };
  }

  async dispose(): Promise<void> {
    await this.forwards.clear();
    await this.trainStep.dispose();
  }

  private async forward(feeds: Feeds): Promise<Record<'loss' | keyof RewardLoss['metrics'], number>> {
    const key = JSON.stringify([sizeOf(feeds), 'hidden' in feeds]);
    const session = await this.forwards.get(key, () => {
      const { loss, metrics } = this.build(feeds);
      return Session.create(emitModel({ loss, ...(metrics as Record<string, Node>) }), { threads: this.threads });
    });
    const results = await session.run({ ...this.frozen, ...this.state.params, ...feeds });
    const numbers = Object.entries(results).map(([name, { data }]) => [name, Number(data[0])]);
    return Object.fromEntries(numbers) as Record<'loss' | keyof RewardLoss['metrics'], number>;
  }

  /** @param noise in a step, where low-rank factors may leave inputs out */
  private build(feeds: Feeds, noise?: Node<'Input'>): TrainGraph {
    const { config, lora, hyperparameters: options } = this;
    const params = inputParams({ ...this.frozen, ...this.state.params });
    const entry = 'hidden' in feeds ? lowestTrainedLayer(config, options.trainedLayers) : undefined;
    const { loss, metrics, blocks } = rewardLossGraph({ config, params, lora, noise }, sizeOf(feeds), options, entry);
    const trainable = Object.fromEntries(Object.keys(this.state.params).map((name) => [name, params[name]]));
    return { loss, metrics, trainable, noise, keep: options.gradientCheckpointing ? blocks : [] };
  }
}

/** A part whose pairs all have weight 0 has no mean and no share of the step's mean. */
function weighing(batches: readonly PreferenceBatch[]): readonly PreferenceBatch[] {
  const found = batches.filter(({ weight }) => weight > 0);
  return found.length > 0 ? found : batches;
}

type RewardFigures = Record<keyof RewardLoss['metrics'], number>;

interface PartReport {
  loss: number;
  metrics: Readonly<Record<string, number>>;
}

/** Sums of the weights of a part's pairs: of all, and of those that are no ties. */
interface PartWeights {
  weight: number;
  decidedWeight: number;
}

/** Means weigh a part by what they are taken over; without a pair that is no tie, accuracy and margin are 0. */
function combineReports(reports: readonly PartReport[], parts: readonly PartWeights[]): { loss: number; metrics: RewardFigures } {
  const mean = (over: keyof PartWeights, of: (report: PartReport) => number): number => {
    const total = parts.reduce((sum, part) => sum + part[over], 0);
    return total === 0 ? 0 : reports.reduce((sum, report, i) => sum + (parts[i][over] / total) * of(report), 0);
  };
  const all = (name: keyof RewardFigures): number[] => reports.map(({ metrics }) => metrics[name]);
  return {
    loss: mean('weight', ({ loss }) => loss),
    metrics: {
      accuracy: mean('decidedWeight', ({ metrics }) => metrics.accuracy),
      margin: mean('decidedWeight', ({ metrics }) => metrics.margin),
      mean_reward: mean('weight', ({ metrics }) => metrics.mean_reward),
      min_reward: Math.min(...all('min_reward')),
      max_reward: Math.max(...all('max_reward')),
    },
  };
}
