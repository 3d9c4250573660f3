/**
 * Fine-tunes a policy by GRPO: sample a group of completions per prompt, score them, take an optimizer step
 * on what was better than its group. Pure but for its callbacks: no database, no framework, and the same task
 * gives the same bits, whether it ran through or was resumed at a step.
 */
import { type Checkpoint } from '#src/lm/checkpoint.js';
import { initLora, mergeLora } from '#src/lm/lora.js';
import { attentionCost } from '#src/lm/packing.js';
import { isDecayed } from '#src/lm/parameter-shapes.js';
import { type Tensors } from '#src/lm/safetensors.js';
import { learningRate } from '#src/nn/optim/schedule.js';
import { f32, floats, type Tensor } from '#src/nn/tensor.js';
import { TrainState } from '#src/nn/train-state.js';
import { TrainStep, type StepReport } from '#src/nn/train-step.js';
import { TrainingDivergedError } from '#src/reward/reward-trainer.js';
import { groupAdvantages, mean } from './advantages.js';
import { packParts, type GrpoBatch, type RolloutGroup } from './grpo-batch.js';
import { grpoGraph, type GrpoModel } from './grpo-graph.js';
import { type GrpoHyperparameters } from './grpo-hyperparameters.js';
import { averageMetrics, rolloutMetrics, type Metrics } from './grpo-metrics.js';
import { promptsOfStep } from './prompt-schedule.js';
import { ReferencePolicy } from './reference-policy.js';
import { RolloutSource, type GrpoPrompt, type Rollout, type ScoreFn } from './rollouts.js';

export interface GrpoTask {
  /** Start and reference. */
  checkpoint: Checkpoint;
  prompts: readonly GrpoPrompt[];
  /** Rewards need no common scale: advantages are relative to the group. */
  score: ScoreFn;
  hyperparameters: GrpoHyperparameters;
  /** Awaited after every step. */
  onStep?: (report: GrpoStepReport) => Promise<void> | void;
  /** Goes on after the step of this progress. */
  resume?: GrpoProgress;
  /** Of ONNX Runtime; one per core when left out. */
  threads?: number;
  signal?: AbortSignal;
}

export interface GrpoSample extends Rollout {
  reward: number;
  advantage: number;
}

export interface GrpoStepReport {
  /** From 1. */
  step: number;
  metrics: Metrics;
  /** All completions of the step, group after group. */
  samples: GrpoSample[];
  /** What `resume` takes. Its tensors are overwritten by the next step: write them out before returning. */
  progress: GrpoProgress;
}

export interface GrpoProgress {
  /** Steps done. */
  step: number;
  rewardBefore: number;
  metrics: Metrics[];
  /** Of `TrainState`. */
  state: Record<string, Tensor>;
}

export interface GrpoResult {
  /** Full weights; low-rank factors are merged. */
  checkpoint: Checkpoint;
  /** Step after step. */
  metrics: Metrics[];
  /** Mean score of the evaluation prompts with the same seeds under the first and the last weights. */
  rewardBefore: number;
  rewardAfter: number;
}

/**
 * Rejects with the signal's reason when aborted, with a PromptTooLongError for prompts that do not fit the model,
 * and with a TrainingDivergedError when loss or gradients are no longer finite.
 */
export async function trainGrpo(task: GrpoTask): Promise<GrpoResult> {
  const run = new GrpoRun(task);
  try {
    return await run.train();
  } finally {
    await run.dispose();
  }
}

class GrpoRun {
  private readonly state: TrainState;
  private readonly model: GrpoModel;
  private readonly rollouts: RolloutSource;
  private readonly reference: ReferencePolicy;
  private readonly optimizer: TrainStep;

  constructor(private readonly task: GrpoTask) {
    const { checkpoint, hyperparameters: hp, resume, score, threads } = task;
    const { config, tensors } = checkpoint;
    const lora = hp.lora ?? undefined;
    // The reference keeps the checkpoint's own tensors, so those in training are copies.
    this.state = resume
      ? TrainState.restore(copyOf(resume.state))
      : TrainState.init(lora ? initLora(config, lora, `${hp.seed}/lora`) : copyOf(tensors));
    this.model = {
      config,
      lora,
      tensors: lora ? { ...tensors, ...this.state.params } : { ...this.state.params },
    };
    this.rollouts = new RolloutSource(checkpoint, this.model, score, hp, threads);
    this.reference = new ReferencePolicy(checkpoint, hp.temperature, threads);
    const { maxGradNorm, weightDecay } = hp;
    this.optimizer = new TrainStep({
      state: this.state,
      optimizer: { maxGradNorm, weightDecay, decays: isDecayed },
      build: (batch) => grpoGraph(this.model, batch, hp),
      frozen: lora ? tensors : {},
      session: { threads },
    });
  }

  async train(): Promise<GrpoResult> {
    const { prompts, hyperparameters: hp, resume, signal, onStep } = this.task;
    this.rollouts.check(prompts);
    const metrics = [...(resume?.metrics ?? [])];
    const rewardBefore = resume?.rewardBefore ?? (await this.evaluate());
    for (let step = metrics.length; step < hp.steps; step++) {
      signal?.throwIfAborted();
      const { samples, figures } = await this.step(step);
      metrics.push(figures);
      const progress = { step: step + 1, rewardBefore, metrics: [...metrics], state: this.state.serialise() };
      await onStep?.({ step: step + 1, metrics: figures, samples, progress });
    }
    return { checkpoint: this.result(), metrics, rewardBefore, rewardAfter: await this.evaluate() };
  }

  async dispose(): Promise<void> {
    await this.rollouts.dispose();
    await this.reference.dispose();
    await this.optimizer.dispose();
  }

  private async step(step: number): Promise<{ samples: GrpoSample[]; figures: Metrics }> {
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
    const group = groupAdvantages(rewards, hp.groupSize, hp.scaleRewards);
    const samples = rollouts.map((rollout, i) => ({
      ...rollout,
      reward: rewards[i],
      advantage: group.advantages[i],
    }));
    signal?.throwIfAborted();
    const learned = await this.learn(packParts(this.groupsOf(samples), hp.microBatchTokens, attentionCost(this.model.config)), step);
    return { samples, figures: { ...rolloutMetrics(samples, group), ...learned } };
  }

  private groupsOf(samples: readonly GrpoSample[]): RolloutGroup[] {
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
    if (hp.beta > 0) for (const [i, { feeds }] of parts.entries()) feeds.refLogProbs = await this.reference.logProbs(batches[i]);
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

  private result(): Checkpoint {
    const { checkpoint, hyperparameters: hp } = this.task;
    const { config, tensors } = checkpoint;
    const trained = hp.lora
      ? mergeLora(tensors, this.state.params, config, hp.lora)
      : copyOf(this.state.params);
    return { ...checkpoint, tensors: trained };
  }
}

function copyOf(tensors: Readonly<Record<string, Tensor>>): Tensors {
  const copy = ([name, tensor]: [string, Tensor]): [string, Tensor] => [
    name,
    tensor.dtype === 'float32' ? f32(floats(tensor).slice(), tensor.shape) : tensor,
  ];
  return Object.fromEntries(Object.entries(tensors).map(copy));
}
