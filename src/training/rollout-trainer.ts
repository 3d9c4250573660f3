/**
 * Fine-tunes a policy on its own completions: sample a group of them per prompt, score them, take an optimizer step
 * on what was better than its group. What "better" means and which loss follows is the method's; this is the loop.
 * Pure but for its callbacks: no database, no framework, and the same task gives the same bits, whether it ran through
 * or was resumed at a step.
 */
import { type Checkpoint } from '#src/lm/checkpoint.js';
import { attentionCost } from '#src/lm/packing.js';
import { learningRate } from '#src/nn/optim/schedule.js';
import { type Feeds } from '#src/nn/session.js';
import { type Tensor } from '#src/nn/tensor.js';
import { type TrainGraph } from '#src/nn/train-graph.js';
import { type StepReport, type TrainStep } from '#src/nn/train-step.js';
import { TrainingDivergedError } from '#src/reward/reward-trainer.js';
import { mean, type GroupAdvantages } from './advantages.js';
import { type GrpoBatch, type RolloutGroup } from './grpo-batch.js';
import { averageMetrics, rolloutMetrics } from './grpo-metrics.js';
import { type PolicyModel } from './policy-graph.js';
import { PolicyWeights } from './policy-weights.js';
import { promptsOfStep } from './prompt-schedule.js';
import { type RolloutHyperparameters } from './rollout-hyperparameters.js';
import { RolloutSource, type GrpoPrompt, type Rollout, type ScoreFn } from './rollouts.js';
import { type Stopped } from './stopped.js';
import { TokenLogProbs } from './token-log-probs.js';
import { type Metrics, type TrainingProgress } from '#src/lm/training-progress.js';

export interface RolloutTask<H extends RolloutHyperparameters = RolloutHyperparameters> {
  /** Start and reference. */
  checkpoint: Checkpoint;
  prompts: readonly GrpoPrompt[];
  /** Rewards need no common scale: advantages are relative to the group. */
  score: ScoreFn;
  hyperparameters: H;
  /** Awaited after every step. */
  onStep?: (report: RolloutStepReport) => Promise<void> | void;
  /** Goes on after the step of this progress. */
  resume?: TrainingProgress;
  /** Of ONNX Runtime; one per core when left out. */
  threads?: number;
  signal?: AbortSignal;
}

export interface RolloutSample extends Rollout {
  reward: number;
  advantage: number;
}

export interface RolloutStepReport {
  /** From 1. */
  step: number;
  metrics: Metrics;
  /** All completions of the step, group after group. */
  samples: RolloutSample[];
  /** What `resume` takes. Its tensors are overwritten by the next step: write them out before returning. */
  progress: TrainingProgress;
}

export interface RolloutResult {
  /** Full weights; low-rank factors are merged. */
  checkpoint: Checkpoint;
  /** Step after step. */
  metrics: Metrics[];
  /** Mean score of the evaluation prompts with the same seeds under the first and the last weights. */
  rewardBefore: number;
  rewardAfter: number;
  /** The run ended before its last step; `checkpoint` is the last good one. */
  stopped?: Stopped;
}

/** What a method makes of a step's rewards. */
export interface RolloutLesson extends GroupAdvantages {
  metrics: Metrics;
}

export interface RolloutMethod {
  /** For `TrainStep`; feeds are those of a `GrpoBatch`, with `oldLogProbs` after the first of several epochs. */
  graph: (model: PolicyModel, batch: Feeds) => TrainGraph;
  /**
   * @param rewards of all completions, group after group
   * @param policies what the policy in training and the reference give the tokens of these completions
   */
  lesson: (rewards: readonly number[], groups: readonly RolloutGroup[], policies: Policies) => Promise<RolloutLesson>;
  /** A step's groups in parts that add up. */
  pack: (groups: readonly RolloutGroup[], attentionCost: number) => GrpoBatch[];
  /** The KL to the reference is part of the loss: `refLogProbs` are fed, and each part reports its share of `kl`. */
  klInLoss: boolean;
}

export interface Policies {
  current: TokenLogProbs;
  reference: TokenLogProbs;
  attentionCost: number;
}

/**
 * Rejects with the signal's reason when aborted, with a PromptTooLongError for prompts that do not fit the model,
 * and with a TrainingDivergedError when loss or gradients are no longer finite.
 */
export async function trainOnRollouts(task: RolloutTask, method: RolloutMethod): Promise<RolloutResult> {
  const run = new RolloutRun(task, method);
  try {
    return await run.train();
  } finally {
    await run.dispose();
  }
}

class RolloutRun {
  private readonly weights: PolicyWeights;
  private readonly rollouts: RolloutSource;
  private readonly policies: Policies;
  private readonly optimizer: TrainStep;

  constructor(
    private readonly task: RolloutTask,
    private readonly method: RolloutMethod,
  ) {
    const { checkpoint, hyperparameters: hp, resume, score, threads } = task;
    this.weights = new PolicyWeights(checkpoint, hp, resume?.state);
    const { model } = this.weights;
    this.rollouts = new RolloutSource(checkpoint, model, score, hp, threads);
    this.policies = {
      current: new TokenLogProbs(model, hp.temperature, threads),
      reference: new TokenLogProbs(checkpoint, hp.temperature, threads),
      attentionCost: attentionCost(checkpoint.config),
    };
    this.optimizer = this.weights.trainStep((batch) => method.graph(model, batch), threads);
  }

  async train(): Promise<RolloutResult> {
    const { prompts, hyperparameters: hp, resume, signal, onStep } = this.task;
    this.rollouts.check(prompts);
    const metrics = [...(resume?.metrics ?? [])];
    const before = resume?.before ?? { reward: await this.evaluate() };
    for (let step = metrics.length; step < hp.steps; step++) {
      signal?.throwIfAborted();
      const { samples, figures } = await this.step(step);
      metrics.push(figures);
      const progress = { step: step + 1, before, metrics: [...metrics], state: this.weights.progress() };
      await onStep?.({ step: step + 1, metrics: figures, samples, progress });
    }
    const checkpoint = this.weights.checkpoint();
    return { checkpoint, metrics, rewardBefore: before.reward, rewardAfter: await this.evaluate() };
  }

  async dispose(): Promise<void> {
    await this.rollouts.dispose();
    await this.policies.current.dispose();
    await this.policies.reference.dispose();
    await this.optimizer.dispose();
  }

  private async step(step: number): Promise<{ samples: RolloutSample[]; figures: Metrics }> {
    const { prompts, hyperparameters: hp, signal } = this.task;
    const chosen = promptsOfStep(prompts.length, hp.promptsPerStep, hp.seed, step);
    const seedsOf = (i: number) =>
      Array.from({ length: hp.groupSize }, (_, k) => `${hp.seed}/${step}/${i}/${k}`);
    const rollouts = await this.rollouts.sample(
      chosen.map((i) => prompts[i]),
      seedsOf,
      signal,
    );
    const rewards = rollouts.map(
      ({ score, tokenIds }) => score - (hp.lengthPenalty * tokenIds.length) / hp.maxTokens,
    );
    signal?.throwIfAborted();
    const unweighted = rollouts.map((rollout, i) => ({ ...rollout, reward: rewards[i], advantage: 0 }));
    const lesson = await this.method.lesson(rewards, this.groupsOf(unweighted), this.policies);
    const samples = unweighted.map((sample, i) => ({ ...sample, advantage: lesson.advantages[i] }));
    signal?.throwIfAborted();
    const batches = this.method.pack(this.groupsOf(samples), this.policies.attentionCost);
    const learned = await this.learn(batches, step);
    return { samples, figures: { ...rolloutMetrics(samples, lesson), ...learned, ...lesson.metrics } };
  }

  private groupsOf(samples: readonly RolloutSample[]): RolloutGroup[] {
    const { groupSize, maskTruncated } = this.task.hyperparameters;
    return Array.from({ length: samples.length / groupSize }, (_, g) => {
      const group = samples.slice(g * groupSize, (g + 1) * groupSize);
      const completions = group.map(({ tokenIds, advantage, finishReason }) => ({
        tokenIds,
        advantage,
        masked: maskTruncated && finishReason === 'length',
      }));
      return { promptIds: group[0].promptIds, completions };
    });
  }

  /** `innerEpochs` optimizer steps on one batch, which may come in parts. */
  private async learn(batches: readonly GrpoBatch[], step: number): Promise<Metrics> {
    const { hyperparameters: hp } = this.task;
    const schedule = {
      kind: hp.schedule,
      peak: hp.learningRate,
      warmupSteps: hp.warmupSteps,
      totalSteps: hp.steps,
    };
    const rate = learningRate(schedule, step);
    const parts = batches.map(({ feeds }): { feeds: Record<string, Tensor>; weight: number } => ({ feeds: { ...feeds }, weight: 1 }));
    if (this.method.klInLoss && hp.beta > 0) {
      for (const [i, { feeds }] of parts.entries()) feeds.refLogProbs = await this.policies.reference.of(batches[i]);
    }
    const epochs: Metrics[] = [];
    for (let epoch = 0; epoch < hp.innerEpochs; epoch++) {
      const { reports, gradNorm } = await this.optimizer.runParts(parts, rate);
      // Each part has divided by the tokens of all.
      const total = (of: (report: StepReport) => number | undefined): number => reports.reduce((sum, report) => sum + (of(report) ?? 0), 0);
      const loss = total((report) => report.loss);
      if (!Number.isFinite(loss + gradNorm))
        throw new TrainingDivergedError(`step ${step + 1}: loss ${loss}, gradient norm ${gradNorm}`);
      parts.forEach(({ feeds }, i) => (feeds.oldLogProbs ??= reports[i].values.logProbs));
      epochs.push({
        loss,
        grad_norm: gradNorm,
        learning_rate: rate,
        kl: total(({ metrics }) => metrics.kl),
        entropy: total(({ metrics }) => metrics.entropy),
        'clip_ratio/low_mean': total(({ metrics }) => metrics.clipLowShare),
        'clip_ratio/high_mean': total(({ metrics }) => metrics.clipHighShare),
        'clip_ratio/region_mean': total(({ metrics }) => metrics.clipShare),
      });
    }
    return averageMetrics(epochs);
  }

  private async evaluate(): Promise<number> {
    const { prompts, hyperparameters: hp, signal } = this.task;
    const chosen = prompts.slice(0, hp.evaluationPrompts);
    const rollouts = await this.rollouts.sample(chosen, (i) => [`${hp.seed}/evaluation/${i}`], signal);
    return mean(rollouts.map(({ score }) => score));
  }
}
