/**
 * Training of a reward model: a policy's trunk with a reward head, by the losses of this folder. Pure: texts in,
 * checkpoint out; the same inputs and seed give the same bits, whatever the machine's thread count, and whether it ran
 * through or was resumed at a step.
 */
import { type RewardObjective, type TieTreatment } from '../reward/reward-graph.js';
import { type PairWeighting } from '../losses/pair-weights.js';
import { beforeAnyEvaluation, defaultEarlyStopping, isEvaluated, isStale, observe, type RewardEarlyStopping, type StoppingState } from '../reward/early-stopping.js';
import { given } from '#src/common/given.js';
import { linearModules } from '#src/lm/model/parameter-shapes.js';
import { learningRate } from '#src/nn/optim/schedule.js';
import { planEpoch } from '../batch/batch-plan.js';
import { collateParts, type EncodedGroup, encodeGroups, type PreferenceBatch } from '../batch/preference-batch.js';
import { type Tensors } from '#src/lm/files/safetensors.js';
import { type SavedProgress } from '#src/lm/files/training-progress.js';
import { type Adapter } from '#src/lm/lora/adapter.js';
import { type Checkpoint } from '#src/lm/files/checkpoint.js';
import { attentionCost } from '#src/lm/text/packing.js';
import { withRewardPadding } from '#src/lm/files/reward-padding.js';
import { type TrunkStates } from '#src/lm/lora/trunk-states.js';
import { type PreferenceGroup } from '../batch/preference-groups.js';
import { keepTrunk, trunkUse, type RewardTexts } from '../reward/reward-trunk.js';
import { RewardWeights } from '../reward/reward-weights.js';
import { optimizerDefaults, passDefaults, scheduleOf, type LoraSettings, type OptimizerSettings, type PassSettings } from '../settings.js';
import { EndEarly, runSteps, TrainingDivergedError } from '../step-loop.js';

/** See length-bias.ts. */
export const lengthDebiasings = ['none', 'product_of_experts'] as const;
export type LengthDebiasing = (typeof lengthDebiasings)[number];

/** A text of more than `maxTokens` loses the beginning of its prompt or the end of its completion. */
export interface RewardHyperparameters extends OptimizerSettings, PassSettings {
  /** Bradley-Terry on pairs, or binary cross-entropy on labels 1 and 0. */
  objective: RewardObjective;
  /** Coefficient of (r_chosen + r_rejected)^2. */
  centering: number;
  /** Assumed probability that a label is wrong. */
  labelSmoothing: number;
  /** Margin of the pairwise loss per point of difference between the two scores. */
  marginPerPoint: number;
  ties: TieTreatment;
  /** Only for `rao_kupper`: reward differences below about this value count as ties. */
  tieThreshold: number;
  pairWeights: PairWeighting;
  lengthDebias: LengthDebiasing;
  /** null trains to the end. */
  earlyStopping: RewardEarlyStopping | null;
  /** Reward models trained from different seeds, whose mean is the reward and whose deviation is the disagreement. */
  members: number;
  /** The first member's; the others count on from it. */
  seed: number;
}

/** They suit small decoders. */
export const rewardDefaults: RewardHyperparameters = {
  ...optimizerDefaults,
  ...passDefaults,
  objective: 'pairwise',
  learningRate: 3e-4,
  maxTokens: 256,
  schedule: 'linear',
  centering: 0.01,
  labelSmoothing: 0,
  marginPerPoint: 0,
  ties: 'ignore',
  tieThreshold: 0.5,
  pairWeights: 'recorded',
  lengthDebias: 'none',
  earlyStopping: null,
  members: 1,
  seed: 0,
};

export const defaultLora: LoraSettings = { rank: 16, alpha: 32, targetModules: [...linearModules] };

export type GivenHyperparameters = Partial<Omit<RewardHyperparameters, 'lora' | 'earlyStopping'>> & {
  lora?: Partial<LoraSettings> | null;
  earlyStopping?: Partial<RewardEarlyStopping> | null;
};

/** Omitted or null settings take their defaults; alpha follows the rank. */
export function completeReward({ lora, earlyStopping, ...settings }: GivenHyperparameters): RewardHyperparameters {
  return {
    ...rewardDefaults,
    ...given(settings),
    microBatchTokens: settings.microBatchTokens || null,
    lora: lora ? resolveLora(lora) : null,
    earlyStopping: earlyStopping ? { ...defaultEarlyStopping, ...given(earlyStopping) } : null,
  };
}

function resolveLora({ rank = defaultLora.rank, alpha = 2 * rank, targetModules = defaultLora.targetModules, dropout = 0 }: Partial<LoraSettings>): LoraSettings {
  return { rank, alpha, targetModules: [...targetModules], dropout };
}

/** Group indices of every step. */
function planBatches(groups: readonly EncodedGroup[], { epochs, maxSteps, batchSize, seed }: RewardHyperparameters): number[][] {
  const sizes = groups.map(({ texts }) => ({
    completions: texts.length,
    tokens: Math.max(...texts.map(({ prompt, completion }) => prompt.length + completion.length)),
  }));
  const limit = maxSteps ?? Infinity;
  const plan: number[][] = [];
  for (let epoch = 0; epoch < epochs && plan.length < limit; epoch++) {
    plan.push(...planEpoch(sizes, batchSize, seed, epoch));
  }
  return plan.slice(0, limit);
}

/** State that a training needs to continue as if it had never stopped: `state` is that of `RewardWeights.progress`, with the best weights so far as `best.<name>`. */
export interface RewardProgress extends SavedProgress {
  stopping: StoppingState;
}

const prefix = 'best.';

function savedState(state: Readonly<Tensors>, best: Readonly<Tensors> | undefined): Tensors {
  const kept = Object.entries(best ?? {}).map(([name, tensor]) => [prefix + name, tensor] as const);
  return { ...state, ...Object.fromEntries(kept) };
}

/** The best weights of a save, if there were any. */
function bestOf({ state }: RewardProgress): Tensors | undefined {
  const kept = Object.entries(state).flatMap(([name, tensor]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), tensor] as const] : []));
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

/** Names as TRL's RewardTrainer reports them; `eval_` of the prompts that early stopping looks at. */
type RewardMetrics = Record<
  'loss' | 'accuracy' | 'margin' | 'mean_reward' | 'min_reward' | 'max_reward' | 'grad_norm' | 'learning_rate',
  number
> &
  Partial<Record<'eval_loss' | 'eval_accuracy', number>>;

export interface RewardStep {
  /** Counts from 1. */
  step: number;
  totalSteps: number;
  /** Metrics of the batch, with the weights before the step; of the validation, after it. */
  metrics: RewardMetrics;
  pairs: number;
  /** Without padding. */
  tokens: number;
  /** Input of `resume`. The next step overwrites its tensors: write them out before returning. */
  progress: RewardProgress;
}

export interface RewardTraining {
  /** The policy to start from. */
  checkpoint: Checkpoint;
  groups: readonly PreferenceGroup[];
  /** Validation data of early stopping. */
  validation?: readonly PreferenceGroup[];
  hyperparameters: RewardHyperparameters;
  /** Continues after the step of this progress. */
  resume?: RewardProgress;
  onStep?: (step: RewardStep) => void | Promise<void>;
  signal?: AbortSignal;
  /** Whether hidden states of frozen layers are kept from pass to pass; they are when left out. The same but for rounding. */
  keepTrunk?: boolean;
  /** Threads of ONNX Runtime; default: its own choice. */
  threads?: number;
}

/** Why training ended before its last step, and of which step its weights are. */
export interface EarlyEnd {
  reason: 'no_improvement' | 'diverged';
  /** The last completed step. */
  step: number;
  message: string;
}

export interface TrainedReward {
  /** `...ForSequenceClassification` with one label and a pad token that ends no text; low-rank factors are merged. */
  checkpoint: Checkpoint;
  /** The low-rank factors with the head, where these were trained. */
  adapter: Adapter | null;
  /** Taken. */
  steps: number;
  /** After which the weights were as they are kept. */
  keptStep: number;
  ended: EarlyEnd | null;
  pairs: number;
  /** Texts that were longer than `maxTokens`. */
  truncatedTexts: number;
}

/**
 * Yields to the event loop after every step; rejects with the signal's reason when aborted. A loss or gradient that is
 * not finite ends training with the last weights from which a step went well, or with the best ones where there is a
 * validation; before a step has gone well, with those it started from.
 *
 * @throws RangeError without pairs, or without a validation that early stopping needs
 * @throws TrainingDivergedError when the weights it starts from have no finite loss
 */
export async function trainRewardModel(given: RewardTraining): Promise<TrainedReward> {
  const training = { ...given, checkpoint: withRewardPadding(given.checkpoint) };
  const { checkpoint, hyperparameters, validation = [] } = training;
  const { groups: train, truncatedTexts } = encodeGroups(training);
  const texts = { train, validation: hyperparameters.earlyStopping ? encodeGroups({ ...training, groups: validation }).groups : [] };
  const stored: RewardTexts & { trunk?: TrunkStates } = training.keepTrunk === false ? texts : await keepTrunk(training, texts, trunkUse(checkpoint.config, hyperparameters));
  try {
    const run = new RewardRun(training, stored, truncatedTexts);
    try {
      return await run.train();
    } finally {
      await run.dispose();
    }
  } finally {
    await stored.trunk?.close();
  }
}

type Taken = Pick<RewardStep, 'metrics' | 'pairs' | 'tokens'>;

class RewardRun {
  private readonly groups: readonly EncodedGroup[];
  private readonly validation: PreferenceBatch[];
  private readonly plan: number[][];
  private readonly packing: { padId: number; attentionCost: number };
  private readonly weights: RewardWeights;
  private readonly trunk: TrunkStates | undefined;
  private stopping = beforeAnyEvaluation;
  private best: Tensors | undefined;

  constructor(
    private readonly training: RewardTraining,
    texts: RewardTexts & { trunk?: TrunkStates },
    private readonly truncatedTexts: number,
  ) {
    const { checkpoint, hyperparameters, resume, threads } = training;
    const { config } = checkpoint;
    this.packing = { padId: config.padTokenId ?? 0, attentionCost: attentionCost(config) };
    this.groups = texts.train;
    this.trunk = texts.trunk;
    this.plan = planBatches(this.groups, hyperparameters);
    this.validation = collateParts(texts.validation, this.packing, hyperparameters.microBatchTokens ?? validationTokens);
    this.stopping = resume?.stopping ?? beforeAnyEvaluation;
    this.best = resume && bestOf(resume);
    this.weights = new RewardWeights(checkpoint, hyperparameters, threads, resume?.state);
  }

  async train(): Promise<TrainedReward> {
    const { signal, onStep, resume } = this.training;
    const total = this.plan.length;
    const { taken, stopped } = await runSteps<Taken, 'no_improvement'>({
      total,
      taken: resume?.step ?? 0,
      good: this.weights.good,
      signal,
      take: async (step) => (this.isStale() ? new EndEarly('no_improvement', this.staleness()) : this.step(step)),
      evaluate: (step, { metrics }) => this.validate(step, metrics),
      report: (step, taken) => onStep?.({ step, totalSteps: total, ...taken, progress: this.progress(step) }),
      // The best weights have been used, by validation.
      check: async () => {
        if (!this.best && !(await this.isSound())) throw new TrainingDivergedError(`the loss after step ${total} is not finite`);
      },
    });
    if (!stopped) return this.result(taken, null);
    const { reason, detail } = stopped;
    if (!this.best && !(await this.isSound())) throw new TrainingDivergedError(detail);
    // The restored weights are those before the last step taken.
    return this.result(taken, { reason, step: taken, message: detail }, Math.max(0, taken - 1));
  }

  async dispose(): Promise<void> {
    await this.weights.dispose();
  }

  private async step(step: number): Promise<Taken> {
    const { hyperparameters } = this.training;
    const batches = this.batchesOf(step);
    const rate = learningRate(scheduleOf(hyperparameters, this.plan.length), step - 1);
    const { loss, metrics, gradNorm } = await this.weights.step(batches, rate, this.trunk);
    if (!Number.isFinite(loss + gradNorm)) throw new TrainingDivergedError(`the loss of step ${step} is ${loss}, the gradient norm ${gradNorm}`);
    return {
      metrics: { loss, ...metrics, grad_norm: gradNorm, learning_rate: rate },
      pairs: batches.reduce((total, { pairCount }) => total + pairCount, 0),
      tokens: batches.reduce((total, { tokens }) => total + tokens, 0),
    };
  }

  private batchesOf(step: number): PreferenceBatch[] {
    const members = this.plan[step - 1].map((g) => this.groups[g]);
    return collateParts(members, this.packing, this.training.hyperparameters.microBatchTokens);
  }

  /** Whether the weights as they are have a finite loss: one batch shows it, and any will do. */
  private async isSound(): Promise<boolean> {
    return Number.isFinite((await this.weights.evaluate(this.batchesOf(1), this.trunk)).loss);
  }

  /** Adds what it finds to `metrics`. */
  private async validate(step: number, metrics: RewardMetrics): Promise<void> {
    const { earlyStopping } = this.training.hyperparameters;
    if (!earlyStopping || !isEvaluated(earlyStopping, step, this.plan.length)) return;
    const { loss, metrics: figures } = await this.weights.evaluate(this.validation, this.trunk);
    if (!Number.isFinite(loss)) throw new TrainingDivergedError(`the validation loss after step ${step} is ${loss}`);
    Object.assign(metrics, { eval_loss: loss, eval_accuracy: figures.accuracy });
    const { state, improved } = observe(earlyStopping, this.stopping, { step, loss, accuracy: figures.accuracy });
    this.stopping = state;
    if (improved) this.best = this.weights.snapshot();
  }

  private isStale(): boolean {
    const { earlyStopping } = this.training.hyperparameters;
    return earlyStopping !== null && isStale(earlyStopping, this.stopping);
  }

  private staleness(): string {
    const { best, stale } = this.stopping;
    return `${stale} evaluations without an improvement on that after step ${best?.step}: loss ${best?.loss}, accuracy ${best?.accuracy}`;
  }

  /** @param good the step after which the weights were as they are */
  private result(steps: number, ended: EarlyEnd | null, good = steps): TrainedReward {
    const pairs = this.groups.reduce((total, group) => total + group.pairs.length, 0);
    const keptStep = this.best ? this.stopping.best!.step : good;
    return { checkpoint: this.weights.checkpoint(this.best), adapter: this.weights.adapter(this.best), steps, keptStep, ended, pairs, truncatedTexts: this.truncatedTexts };
  }

  private progress(step: number): RewardProgress {
    return { step, stopping: this.stopping, state: savedState(this.weights.progress(), this.best) };
  }
}

/** Default micro-batch size of validation, in tokens. */
const validationTokens = 4096;
