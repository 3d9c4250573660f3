/**
 * Fine-tunes a policy on recorded completions: passes over the data, an optimizer step per batch, an evaluation before
 * the first step and after every pass. Which loss is the method's. Pure but for its callbacks, and the same task gives the
 * same bits, whether it ran through or was resumed at a step. A computation holds the event loop, so that it is given a turn
 * after each.
 */
import { type CompletionGroup, fed, type PackedPart } from '../batch/completion-batch.js';
import { setImmediate as turn } from 'node:timers/promises';
import { type Checkpoint } from '#src/lm/files/checkpoint.js';
import { type TrunkStates } from '#src/lm/lora/trunk-states.js';
import { emitModel } from '#src/nn/emit.js';
import { type Node } from '#src/nn/graph.js';
import { learningRate } from '#src/nn/optim/schedule.js';
import { Session, type Feeds } from '#src/nn/session.js';
import { type Tensor } from '#src/nn/tensor.js';
import { type TrainGraph } from '#src/nn/train-graph.js';
import { type TrainStep } from '#src/nn/train-step.js';
import { Recent } from '#src/common/recent.js';
import { scheduleOf, type DatasetHyperparameters } from '../settings.js';
import { bestStep, byLoss, evaluationsOf, isEvaluated } from '../checkpoints.js';
import { type PolicyModel } from '../policy/policy-graph.js';
import { PolicyWeights, type TrainedWeights } from '../policy/policy-weights.js';
import { runSteps, TrainingDivergedError, type Stopped } from '../step-loop.js';
import { type Metrics, type TrainingProgress } from '#src/lm/files/training-progress.js';
import { planEpoch } from '../batch/batch-plan.js';

export interface DatasetTask<H extends DatasetHyperparameters = DatasetHyperparameters> {
  checkpoint: Checkpoint;
  hyperparameters: H;
  /** Awaited after every step. */
  onStep?: (report: DatasetStepReport) => Promise<void> | void;
  /** Continues after the step of this progress. */
  resume?: TrainingProgress;
  /** Threads of ONNX Runtime; default: one per core. */
  threads?: number;
  /** Heeded between steps. */
  signal?: AbortSignal;
  /** Heeded within steps too. */
  abandoned?: AbortSignal;
  /** Whether hidden states of frozen layers are kept from pass to pass; they are when left out. The same but for rounding. */
  keepTrunk?: boolean;
}

export interface DatasetStepReport {
  /** Number of the step, from 1. */
  step: number;
  totalSteps: number;
  metrics: Metrics;
  /** Input of `resume`. The next step overwrites its tensors: write them out before returning. */
  progress: TrainingProgress;
  /** The weights after this step. */
  weights: () => TrainedWeights;
}

export interface DatasetResult extends TrainedWeights {
  /** Metrics of the steps taken; steps that end an epoch also have the evaluation's, as `eval_<name>`. */
  metrics: Metrics[];
  /** The evaluation under the first weights and under those that the settings keep: the last or the best. */
  before: Metrics;
  after: Metrics;
  /** The run ended before its last step; its weights are the last good ones. */
  stopped?: Stopped;
}

export interface Dataset<G extends CompletionGroup> {
  train: readonly G[];
  /** Held-out data. */
  evaluation: readonly G[];
}

export interface DatasetMethod<G extends CompletionGroup> {
  /** Groups as feeds in parts of at most so many tokens; loss and figures of the parts add up to those of all. */
  pack: (groups: readonly G[], maxTokens: number | null) => PackedPart[];
  /** Metrics are scalars. */
  graph: (model: PolicyModel, feeds: Feeds) => TrainGraph;
  /** Hidden states of the groups that have a source. */
  trunk?: TrunkStates;
  /** Inputs of a loss that are computed from the weights before the step, or at an evaluation. */
  estimate?: (model: PolicyModel) => StepEstimate<G>;
  /** Figures that these groups say nothing of; they are left out. */
  unknown?: (groups: readonly G[]) => string[];
}

export interface StepEstimate<G extends CompletionGroup> {
  /** Fed to every part of the groups. */
  of: (groups: readonly G[], abandoned?: AbortSignal) => Promise<Record<string, Tensor>>;
  dispose: () => Promise<void>;
}

/** The least that evaluation computes at once. */
const evaluationTokens = 4096;

/** There is no data left to train on or to evaluate on. */
export class NoTrainingDataError extends RangeError {
  override name = 'NoTrainingDataError';
}

/**
 * @throws NoTrainingDataError
 * @throws TrainingDivergedError when the policy it starts from is broken; later it stops at the last good weights
 */
export async function trainOnDataset<G extends CompletionGroup>(
  task: DatasetTask,
  data: Dataset<G>,
  method: DatasetMethod<G>,
): Promise<DatasetResult> {
  const run = new DatasetRun(task, data, method);
  try {
    return await run.train();
  } finally {
    await run.dispose();
  }
}

class DatasetRun<G extends CompletionGroup> {
  private readonly plan: PlannedStep[];
  private readonly weights: PolicyWeights;
  private readonly optimizer: TrainStep;
  private readonly estimate: StepEstimate<G> | undefined;
  private readonly forwards = new Recent<Session>(8, (session) => session.dispose());

  constructor(
    private readonly task: DatasetTask,
    private readonly data: Dataset<G>,
    private readonly method: DatasetMethod<G>,
  ) {
    const { checkpoint, hyperparameters: hp, resume, threads } = task;
    if (data.train.length === 0) throw new NoTrainingDataError('there is nothing to train on');
    if (data.evaluation.length === 0) throw new NoTrainingDataError('there is nothing to evaluate on');
    this.plan = planSteps(data.train, hp);
    this.weights = new PolicyWeights(checkpoint, hp, resume?.state);
    this.optimizer = this.weights.trainStep((model, feeds) => method.graph(model, feeds), threads);
    this.estimate = method.estimate?.(this.weights.model);
  }

  async train(): Promise<DatasetResult> {
    const { resume, signal, onStep, hyperparameters: hp } = this.task;
    const { weights } = this;
    const total = this.plan.length;
    const metrics = [...(resume?.metrics ?? [])];
    const before = resume?.before ?? (await this.evaluate());
    const { stopped } = await runSteps<Metrics>({
      total,
      taken: metrics.length,
      good: weights.good,
      signal,
      take: (step) => this.step(step),
      evaluate: async (step, figures) => {
        if (this.plan[step - 1].endsPass || isEvaluated(step, total, hp)) Object.assign(figures, prefixed(await this.evaluate()));
      },
      report: (step, figures) => {
        metrics.push(figures);
        const progress = { step, before, metrics: [...metrics], state: weights.progress() };
        return onStep?.({ step, totalSteps: total, metrics: figures, progress, weights: () => weights.current() });
      },
    });
    if (stopped) return { ...weights.current(), metrics, before, after: await this.evaluate(), stopped };
    const kept = hp.keep === 'best' ? bestStep(evaluationsOf(metrics, byLoss), byLoss) : undefined;
    return { ...weights.current(), metrics, before, after: unprefixed(metrics[(kept ?? metrics.length) - 1]) };
  }

  async dispose(): Promise<void> {
    await this.forwards.clear();
    await this.estimate?.dispose();
    await this.optimizer.dispose();
  }

  /** Number of the step, from 1. */
  private async step(step: number): Promise<Metrics> {
    const { hyperparameters: hp, abandoned } = this.task;
    const rate = learningRate(scheduleOf(hp, this.plan.length), step - 1);
    const groups = this.plan[step - 1].members.map((index) => this.data.train[index]);
    const estimated = await this.estimate?.of(groups, abandoned);
    const feedsOf = async (part: PackedPart): Promise<Feeds> => ({ ...(await fed(part, this.method.trunk)), ...estimated });
    const parts = this.method.pack(groups, hp.microBatchTokens).map((part) => ({ feeds: () => feedsOf(part), weight: 1 }));
    const { reports, gradNorm } = await this.optimizer.runParts(parts, rate);
    const figures = addUp(reports.map(({ loss, metrics }) => ({ loss, ...metrics })));
    if (!Number.isFinite(figures.loss + gradNorm))
      throw new TrainingDivergedError(`step ${step}: loss ${figures.loss}, gradient norm ${gradNorm}`);
    return { ...this.known(figures, groups), grad_norm: gradNorm, learning_rate: rate };
  }

  /** Loss and figures on what training never sees, with the weights as they are. */
  private async evaluate(): Promise<Metrics> {
    const { hyperparameters: hp, abandoned } = this.task;
    const found: Metrics[] = [];
    const estimated = await this.estimate?.of(this.data.evaluation, abandoned);
    for (const part of this.method.pack(this.data.evaluation, hp.microBatchTokens ?? evaluationTokens)) {
      abandoned?.throwIfAborted();
      const feeds = { ...(await fed(part, this.method.trunk)), ...estimated };
      const key = Object.values(feeds).map(({ shape }) => shape.join('x')).join(' ');
      const session = await this.forwards.get(key, () => this.buildForward(feeds));
      const results = await session.run({ ...this.weights.model.tensors, ...feeds });
      found.push(Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Number(data[0])])));
      await turn();
    }
    const figures = addUp(found);
    if (!Number.isFinite(figures.loss)) throw new TrainingDivergedError(`the loss on the evaluation data is ${figures.loss}`);
    return this.known(figures, this.data.evaluation);
  }

  private known(figures: Metrics, groups: readonly G[]): Metrics {
    const unknown = this.method.unknown?.(groups) ?? [];
    return Object.fromEntries(Object.entries(figures).filter(([name]) => !unknown.includes(name)));
  }

  private buildForward(feeds: Feeds): Promise<Session> {
    const { loss, metrics } = this.method.graph(this.weights.model, feeds);
    return Session.create(emitModel({ loss, ...(metrics as Record<string, Node>) }), { threads: this.task.threads });
  }
}

function addUp(parts: readonly Metrics[]): Metrics {
  const names = Object.keys(parts[0]);
  return Object.fromEntries(names.map((name) => [name, parts.reduce((total, part) => total + part[name], 0)]));
}

const mark = 'eval_';

const prefixed = (metrics: Metrics): Metrics =>
  Object.fromEntries(Object.entries(metrics).map(([name, value]) => [mark + name, value]));

const unprefixed = (metrics: Metrics): Metrics =>
  Object.fromEntries(
    Object.entries(metrics).flatMap(([name, value]) => (name.startsWith(mark) ? [[name.slice(mark.length), value]] : [])),
  );

interface PlannedStep {
  /** Indices of groups. */
  members: number[];
  /** The last one of a pass over the data, or of the run. */
  endsPass: boolean;
}

/**
 * Every epoch goes over all groups in a new seeded order, those of similar length together. A function of sizes and seed alone,
 * so that a resumed run needs no state.
 */
function planSteps(
  groups: readonly CompletionGroup[],
  { epochs, maxSteps, batchSize, seed }: Pick<DatasetHyperparameters, 'epochs' | 'maxSteps' | 'batchSize' | 'seed'>,
): PlannedStep[] {
  const sizes = groups.map(({ promptIds, completions }) => ({
    completions: completions.length,
    tokens: promptIds.length + Math.max(...completions.map(({ tokenIds }) => tokenIds.length)),
  }));
  const limit = maxSteps ?? Infinity;
  const plan: PlannedStep[] = [];
  for (let epoch = 0; epoch < epochs && plan.length < limit; epoch++) {
    const batches = planEpoch(sizes, batchSize, seed, epoch);
    plan.push(...batches.map((members, i) => ({ members, endsPass: i === batches.length - 1 })));
  }
  const kept = plan.slice(0, limit);
  return kept.map((step, i) => (i === kept.length - 1 ? { ...step, endsPass: true } : step));
}
