/**
 * Learning from groups of completions of one prompt (GRPO, RLOO): optimizer steps on what was better than its group. A
 * group with equal rewards gives no gradient: it takes no part in the optimizer step, forward or backward, while
 * the step still divides by all of its tokens and completions, so that the others weigh as if it had been computed. Where
 * all groups are such there is no optimizer step.
 */
import { TrainingDivergedError } from '../step-loop.js';
import { type Metrics } from '#src/lm/files/training-progress.js';
import { type Feeds } from '#src/nn/session.js';
import { type Tensor } from '#src/nn/tensor.js';
import { type TrainGraph } from '#src/nn/train-graph.js';
import { type StepReport, type TrainStep } from '#src/nn/train-step.js';
import { type GroupAdvantages } from '../losses/advantages.js';
import { bySlot } from '../batch/completion-batch.js';
import { type CompletionLogProbs } from '../policy/completion-log-probs.js';
import { type RolloutBatch, type RolloutGroup } from '../batch/group-batch.js';
import { averageMetrics } from './group-metrics.js';
import { type PolicyModel } from '../policy/policy-graph.js';
import { type Learned, type Learner, type LearnerParts, type LearningStep } from './rollout-learner.js';
import { type RolloutHyperparameters } from '../settings.js';

/** The training signal that a method derives from a step's rewards. */
export interface RolloutLesson extends GroupAdvantages {
  metrics: Metrics;
}

export interface GroupMethod {
  /** For `TrainStep`; feeds are those of a `RolloutBatch`, with `oldLogProbs` after the first of several epochs. */
  graph: (model: PolicyModel, batch: Feeds) => TrainGraph;
  lesson: (step: LearningStep) => Promise<RolloutLesson>;
  /** Groups in parts that add up, divided by the totals of `all`. */
  pack: (groups: readonly RolloutGroup[], attentionCost: number, all: readonly RolloutGroup[]) => RolloutBatch[];
  /** The KL to the reference is part of the loss: `refLogProbs` are fed, and each part reports its share of `kl`. */
  klInLoss: boolean;
}

interface Part {
  feeds: Record<string, Tensor>;
  weight: number;
}

export class GroupLearner implements Learner {
  private readonly optimizer: TrainStep;

  constructor(
    private readonly method: GroupMethod,
    private readonly hyperparameters: RolloutHyperparameters,
    private readonly parts: LearnerParts,
  ) {
    const { weights, threads } = parts;
    this.optimizer = weights.trainStep((model, batch) => method.graph(model, batch), threads);
  }

  async learn(step: LearningStep): Promise<Learned> {
    const lesson = await this.method.lesson(step);
    const { advantages, zeroVariance } = lesson;
    let at = 0;
    const all = step.groups.map((group) => ({
      ...group,
      completions: group.completions.map((completion) => ({ ...completion, advantage: advantages[at++] })),
    }));
    const learning = all.filter((_, g) => !zeroVariance[g]);
    const figures = {
      reward_std: lesson.rewardStd,
      frac_reward_zero_std: lesson.fracZeroStd,
      zero_variance_groups: all.length - learning.length,
      learning_rate: this.hyperparameters.learningRate * step.pace,
    };
    if (learning.length === 0) return { advantages, metrics: { ...figures, ...lesson.metrics } };
    const batches = this.method.pack(learning, this.parts.attentionCost, all);
    const parts = await this.withReference(batches, step, zeroVariance);
    const learned = await this.optimize(parts, step, tokensOf(all) / tokensOf(learning));
    return { advantages, metrics: { ...figures, ...learned, ...lesson.metrics } };
  }

  progress(): { state: Record<string, Tensor> } {
    return { state: {} };
  }

  dispose(): Promise<void> {
    return this.optimizer.dispose();
  }

  private async withReference(batches: readonly RolloutBatch[], step: LearningStep, zeroVariance: readonly boolean[]): Promise<Part[]> {
    const parts = batches.map(({ feeds }): Part => ({ feeds: { ...feeds }, weight: 1 }));
    if (!this.method.klInLoss || this.hyperparameters.beta === 0) return parts;
    const known = step.measured ? learnedOnly(await step.logProbs(), step.groups, zeroVariance) : undefined;
    let first = 0;
    for (const [i, batch] of batches.entries()) {
      const { length } = batch.lengths;
      parts[i].feeds.refLogProbs = known ? bySlot(known.slice(first, first + length), batch) : await this.parts.reference.of(batch);
      first += length;
    }
    return parts;
  }

  /**
   * `innerEpochs` optimizer steps on one batch, which may come in parts.
   *
   * @param dilution all tokens of the step for each one computed: the loss divides by all, figures are of those computed
   */
  private async optimize(parts: readonly Part[], { step, pace }: LearningStep, dilution: number): Promise<Metrics> {
    const { innerEpochs, learningRate } = this.hyperparameters;
    const epochs: Metrics[] = [];
    for (let epoch = 0; epoch < innerEpochs; epoch++) {
      const { reports, gradNorm } = await this.optimizer.runParts(parts, learningRate * pace);
      // Each part has divided by the tokens of all.
      const total = (of: (report: StepReport) => number | undefined): number => reports.reduce((sum, report) => sum + (of(report) ?? 0), 0);
      const loss = total((report) => report.loss);
      // Without a reference in the loss no part has one.
      const kl: Metrics = reports.every(({ metrics }) => metrics.kl !== undefined) ? { kl: dilution * total(({ metrics }) => metrics.kl) } : {};
      if (!Number.isFinite(loss + gradNorm)) throw new TrainingDivergedError(`step ${step + 1}: loss ${loss}, gradient norm ${gradNorm}`);
      parts.forEach(({ feeds }, i) => (feeds.oldLogProbs ??= reports[i].values.logProbs));
      const drift = (name: 'samplingWeight' | 'samplingGap'): number => dilution * total(({ metrics }) => metrics[name]);
      const corrected = reports.every(({ metrics }) => metrics.samplingWeight !== undefined);
      epochs.push({
        loss,
        grad_norm: gradNorm,
        ...kl,
        ...(corrected && { 'sampling/importance_sampling_ratio_mean': drift('samplingWeight'), 'sampling/logp_difference_mean': drift('samplingGap') }),
        entropy: dilution * total(({ metrics }) => metrics.entropy),
        'clip_ratio/low_mean': total(({ metrics }) => metrics.clipLowShare),
        'clip_ratio/high_mean': total(({ metrics }) => metrics.clipHighShare),
        'clip_ratio/region_mean': total(({ metrics }) => metrics.clipShare),
      });
    }
    return averageMetrics(epochs);
  }
}

/** Log-probabilities under the reference of the completions of groups that are learned. */
function learnedOnly({ ref }: CompletionLogProbs, groups: readonly RolloutGroup[], zeroVariance: readonly boolean[]): Float32Array[] {
  const groupOf = groups.flatMap(({ completions }, g) => completions.map(() => g));
  return ref.filter((_, c) => !zeroVariance[groupOf[c]]);
}

/** In the loss, at least 1. */
function tokensOf(groups: readonly RolloutGroup[]): number {
  const inLoss = groups.flatMap(({ completions }) => completions.filter(({ masked }) => !masked));
  return Math.max(1, inLoss.reduce((total, { tokenIds }) => total + tokenIds.length, 0));
}
