/**
 * Fine-tunes a policy on its own completions: sample a group of them per prompt, score them, learn from the step, again.
 * How it is learned is the method's (rollout-learner.ts). Pure but for its callbacks: no database, no framework, and the same
 * task gives the same bits, whether it ran through or was resumed.
 *
 * Weights are good when the completions they wrote have finite log-probabilities, their KL is within the budget where
 * there is one, and the step from them had a finite loss and gradient. A run that stops goes back to the last such ones.
 */
import { mean } from '#src/common/statistics.js';
import { type Checkpoint } from '#src/lm/files/checkpoint.js';
import { attentionCost } from '#src/lm/text/packing.js';
import { type Metrics, type TrainingProgress } from '#src/lm/files/training-progress.js';
import { learningRate } from '#src/nn/optim/schedule.js';
import { completionLogProbs, meanKl, type CompletionLogProbs } from '../policy/completion-log-probs.js';
import { type RolloutGroup } from '../batch/group-batch.js';
import { rolloutMetrics } from './group-metrics.js';
import { isEvaluated } from '../checkpoints.js';
import { PolicyWeights, type TrainedWeights } from '../policy/policy-weights.js';
import { type RolloutPrompt, promptsOfStep, type Rollout, RolloutSource, type ScoreFn, shapedReward } from './rollouts.js';
import { type RolloutHyperparameters } from '../settings.js';
import { type Learner, type MakeLearner } from './rollout-learner.js';
import { EndEarly, runSteps, type Stopped } from '../step-loop.js';
import { TokenLogProbs } from '../policy/token-log-probs.js';

export interface RolloutTask<H extends RolloutHyperparameters = RolloutHyperparameters> {
  /** Start and reference. */
  checkpoint: Checkpoint;
  prompts: readonly RolloutPrompt[];
  /** Never practised on; `prompts` themselves when left out. */
  evaluation?: readonly RolloutPrompt[];
  score: ScoreFn;
  hyperparameters: H;
  /** Awaited after every step. */
  onStep?: (report: RolloutStepReport) => Promise<void> | void;
  /** Continues after the step of this progress. */
  resume?: TrainingProgress;
  /** Threads of ONNX Runtime; default: one per core. */
  threads?: number;
  /** Heeded between steps. */
  signal?: AbortSignal;
  /** Heeded within steps too. */
  abandoned?: AbortSignal;
}

interface RolloutSample extends Rollout {
  reward: number;
  advantage: number;
}

export interface RolloutStepReport {
  /** Number of the step, from 1. */
  step: number;
  metrics: Metrics;
  /** All completions of the step, group after group. */
  samples: RolloutSample[];
  /** Input of `resume`. The next step overwrites its tensors: write them out before returning. */
  progress: TrainingProgress;
  /** The weights after this step. */
  weights: () => TrainedWeights;
}

export interface RolloutResult extends TrainedWeights {
  /** Of the steps taken. */
  metrics: Metrics[];
  /** Mean score of the evaluation prompts with the same seeds under the first and the last weights. */
  rewardBefore: number;
  rewardAfter: number;
  /** The run ended before its last step; `checkpoint` is the last good one. */
  stopped?: Stopped;
}

/**
 * Rejects with the reason of the signal that stopped it, with a PromptTooLongError for prompts that do not fit the model,
 * with a TrainingDivergedError when the policy it starts from is broken, and with what `score` throws.
 */
export async function trainOnRollouts(task: RolloutTask, makeLearner: MakeLearner): Promise<RolloutResult> {
  const run = new RolloutRun(task, makeLearner);
  try {
    return await run.train();
  } finally {
    await run.dispose();
  }
}

interface Taken {
  samples: RolloutSample[];
  figures: Metrics;
}

class RolloutRun {
  private readonly weights: PolicyWeights;
  private readonly rollouts: RolloutSource;
  private readonly current: TokenLogProbs;
  private readonly reference: TokenLogProbs;
  private readonly attentionCost: number;
  private readonly learner: Learner;

  constructor(
    private readonly task: RolloutTask,
    makeLearner: MakeLearner,
  ) {
    const { checkpoint, hyperparameters: hp, resume, score, threads } = task;
    this.weights = new PolicyWeights(checkpoint, hp, resume?.state);
    const { model } = this.weights;
    this.rollouts = new RolloutSource(checkpoint, model, score, hp, threads);
    this.current = new TokenLogProbs(model, hp.temperature, threads);
    this.reference = new TokenLogProbs(checkpoint, hp.temperature, threads);
    this.attentionCost = attentionCost(checkpoint.config);
    const { weights, reference } = this;
    this.learner = makeLearner({ weights, reference, attentionCost: this.attentionCost, threads, resume });
  }

  async train(): Promise<RolloutResult> {
    const { prompts, hyperparameters: hp, resume, signal, onStep } = this.task;
    const { weights } = this;
    this.rollouts.check([...prompts, ...this.evaluation]);
    const metrics = [...(resume?.metrics ?? [])];
    const before = resume?.before ?? { reward: await this.evaluate() };
    let rewardAfter: number | undefined;
    const { stopped } = await runSteps<Taken, 'kl_budget'>({
      total: hp.steps,
      taken: metrics.length,
      good: weights.good,
      signal,
      take: (step) => this.take(step),
      evaluate: async (step, { figures }) => {
        if (isEvaluated(step, hp.steps, hp)) figures.eval_reward = await this.evaluate();
      },
      report: (step, { figures, samples }) => {
        metrics.push(figures);
        return onStep?.({ step, metrics: figures, samples, progress: this.progress(before, metrics), weights: () => weights.current() });
      },
      check: async () => {
        rewardAfter = await this.evaluate();
      },
    });
    rewardAfter ??= await this.evaluate();
    return { ...weights.current(), metrics, rewardBefore: before.reward, rewardAfter, ...(stopped && { stopped }) };
  }

  async dispose(): Promise<void> {
    await this.rollouts.dispose();
    await this.current.dispose();
    await this.reference.dispose();
    await this.learner.dispose();
  }

  /** From 1; seeds, schedules and learners count from 0. */
  private async take(number: number): Promise<Taken | EndEarly<'kl_budget'>> {
    const step = number - 1;
    const { hyperparameters: hp, abandoned } = this.task;
    const rollouts = await this.sample(step);
    const rewards = rollouts.map((rollout) => shapedReward(rollout, hp));
    const groups = this.groupsOf(rollouts);
    const { logProbs, kl } = this.measure(groups);
    if (hp.klBudget !== null) await logProbs();
    const spent = await kl();
    if (spent !== undefined && spent > hp.klBudget!) {
      const detail = `KL to the start ${spent.toPrecision(3)} nats per token at this step, the budget is ${hp.klBudget}; the weights before it are kept`;
      return new EndEarly('kl_budget', detail);
    }
    abandoned?.throwIfAborted();
    const pace = learningRate({ kind: hp.schedule, peak: 1, warmupSteps: hp.warmupSteps, totalSteps: hp.steps }, step);
    const { advantages, metrics } = await this.learner.learn({ step, groups, rewards, pace, logProbs, measured: spent !== undefined });
    const samples = rollouts.map((rollout, i) => ({ ...rollout, reward: rewards[i], advantage: advantages[i] }));
    return { samples, figures: { ...rolloutMetrics(samples), ...metrics, ...klFigures(await kl(), hp.beta) } };
  }

  private sample(step: number): Promise<Rollout[]> {
    const { prompts, hyperparameters: hp, abandoned } = this.task;
    const chosen = promptsOfStep(prompts.length, hp.promptsPerStep, hp.seed, step);
    const seedsOf = (i: number) => Array.from({ length: hp.groupSize }, (_, k) => `${hp.seed}/${step}/${i}/${k}`);
    return this.rollouts.sample('learning', chosen.map((i) => prompts[i]), seedsOf, abandoned);
  }

  /** `kl` is available if a budget or the method needed the log-probabilities: it is then free. */
  private measure(groups: readonly RolloutGroup[]): { logProbs: () => Promise<CompletionLogProbs>; kl: () => Promise<number | undefined> } {
    const { current, reference, attentionCost } = this;
    const { microBatchTokens } = this.task.hyperparameters;
    let found: Promise<CompletionLogProbs> | undefined;
    return {
      logProbs: () => (found ??= completionLogProbs(groups, { current, reference }, { attentionCost, microBatchTokens })),
      kl: async () => found && meanKl(await found),
    };
  }

  private groupsOf(rollouts: readonly Rollout[]): RolloutGroup[] {
    const { groupSize, maskTruncated, rolloutWeights } = this.task.hyperparameters;
    const isExact = rolloutWeights === 'f32';
    return Array.from({ length: rollouts.length / groupSize }, (_, g) => {
      const group = rollouts.slice(g * groupSize, (g + 1) * groupSize);
      const completions = group.map(({ tokenIds, logProbs, finishReason }) => ({
        tokenIds,
        advantage: 0,
        masked: maskTruncated && finishReason === 'length',
        ...(!isExact && { sampledLogProbs: logProbs }),
      }));
      return { promptIds: group[0].promptIds, completions };
    });
  }

  private progress(before: Metrics, metrics: readonly Metrics[]): TrainingProgress {
    const { state, scalars } = this.learner.progress();
    return { step: metrics.length, before, metrics: [...metrics], state: { ...this.weights.progress(), ...state }, scalars };
  }

  private get evaluation(): readonly RolloutPrompt[] {
    const { prompts, evaluation = prompts, hyperparameters } = this.task;
    return evaluation.slice(0, hyperparameters.evaluationPrompts);
  }

  private async evaluate(): Promise<number> {
    const { hyperparameters: hp, abandoned } = this.task;
    const rollouts = await this.rollouts.sample('evaluation', this.evaluation, (i) => [`${hp.seed}/evaluation/${i}`], abandoned);
    return mean(rollouts.map(({ score }) => score));
  }
}

/** `kl` is what the method itself weighs; without a weight it has none of its own. */
function klFigures(kl: number | undefined, beta: number): Metrics {
  return kl === undefined ? {} : { kl_k3: kl, ...(beta === 0 && { kl }) };
}
