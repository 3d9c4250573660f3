/**
 * Proximal policy optimization (Schulman et al. 2017, arXiv:1707.06347; for language models Ziegler et al. 2019 and Ouyang
 * et al. 2022) on a step's completions:
 *
 *   1. log-probabilities of policy and reference, values              completion-log-probs.ts, value-model.ts
 *   2. rewards by token: KL, and the score at the end                 token-rewards.ts
 *   3. advantages and returns, advantages whitened                    gae.ts
 *   4. several epochs of mini-batches through both clipped losses     losses/ppo.ts
 *   5. the weight of the KL moves towards its target                  token-rewards.ts
 *
 * Policy and value model have optimizers and gradient clipping of their own; with AdamW, whose steps do not depend on the
 * size of a loss, a common loss with a coefficient (TRL's `vf_coef`) would train separate weights the same.
 */
import { mean, sampleDeviation } from '#src/common/statistics.js';
import { TrainingDivergedError } from '../step-loop.js';
import { rolloutDefaults, type RolloutHyperparameters, withDefaults } from '../settings.js';
import { type KlEstimator, nextCoefficient, tokenKl, tokenRewards } from '../losses/token-rewards.js';
import { setImmediate as turn } from 'node:timers/promises';
import { type Metrics } from '#src/lm/files/training-progress.js';
import { div, mul, sum } from '#src/nn/ops.js';
import { type Feeds } from '#src/nn/session.js';
import { type Tensor } from '#src/nn/tensor.js';
import { type TrainGraph } from '#src/nn/train-graph.js';
import { type StepReport, type TrainStep } from '#src/nn/train-step.js';
import { byCompletion, type CompletionLogProbs } from '../policy/completion-log-probs.js';
import { packParts, type RolloutGroup } from '../batch/group-batch.js';
import { inputLike, policyGraph, sampledIn, type PolicyModel } from '../policy/policy-graph.js';
import { type Learned, type Learner, type LearnerParts, type LearningStep } from '../rollouts/rollout-learner.js';
import { generalizedAdvantages, whiten } from '../losses/gae.js';
import { ppoPolicyLoss } from '../losses/ppo.js';
import { miniBatch, shuffledParts, type MiniBatch, type PpoGroup, type TokenFacts } from './ppo-batch.js';
import { epochMetrics, objectiveMetrics, varianceExplained, type MiniBatchFigures } from './ppo-metrics.js';
import { ValueModel, valueStartFrom } from '../policy/value-model.js';
import { type Checkpoint } from '#src/lm/files/checkpoint.js';
import { trainOnRollouts, type RolloutResult, type RolloutTask } from '../rollouts/rollout-trainer.js';

export const valueStarts = ['policy', 'reward-model'] as const;
export type ValueStart = (typeof valueStarts)[number];

export const klControls = ['fixed', 'adaptive'] as const;
export type KlControl = (typeof klControls)[number];

export interface PpoHyperparameters extends RolloutHyperparameters {
  /** Whether `beta` is fixed or adapted so that the KL of a completion approaches `klTarget`. */
  klControl: KlControl;
  /** Nats per completion. */
  klTarget: number;
  /** Completions over which `beta` is moved; larger is slower. */
  klHorizon: number;
  klEstimator: KlEstimator;
  gamma: number;
  /** Lambda of generalized advantage estimation. */
  lambda: number;
  whitenAdvantages: boolean;
  /** Whether to scale the token rewards of a step to deviation 1. */
  whitenRewards: boolean;
  /** Optimizer steps per inner epoch; each takes its share of the step's prompts. */
  miniBatches: number;
  /** Clip range of a value around its value at sampling. */
  valueClip: number;
  valueLearningRate: number;
  /** Start of the value model. */
  valueStart: ValueStart;
}

export const ppoDefaults: PpoHyperparameters = {
  ...rolloutDefaults,
  learningRate: 1e-4,
  groupSize: 4,
  innerEpochs: 4,
  beta: 0.05,
  klControl: 'fixed',
  klTarget: 6,
  klHorizon: 10_000,
  klEstimator: 'k1',
  gamma: 1,
  lambda: 0.95,
  whitenAdvantages: true,
  whitenRewards: false,
  miniBatches: 1,
  valueClip: 0.2,
  valueLearningRate: 3e-4,
  valueStart: 'policy',
};

export const completePpo = (given: Partial<PpoHyperparameters>): PpoHyperparameters => withDefaults(ppoDefaults, given);

class PpoLearner implements Learner {
  private readonly optimizer: TrainStep;
  private beta: number;

  constructor(
    private readonly hyperparameters: PpoHyperparameters,
    private readonly value: ValueModel,
    private readonly parts: LearnerParts,
  ) {
    const { weights, threads, resume } = parts;
    this.optimizer = weights.trainStep((model, batch) => ppoGraph(model, batch, hyperparameters), threads);
    this.beta = resume?.scalars?.beta ?? hyperparameters.beta;
  }

  async learn(step: LearningStep): Promise<Learned> {
    const { hyperparameters: hp, beta } = this;
    const logProbs = await step.logProbs();
    const kl = logProbs.own.map((own, c) => tokenKl(own, logProbs.ref[c], hp.klEstimator));
    const facts = await this.factsOf(step, logProbs, kl);
    const epochs = await this.optimize(grouped(step.groups, facts), step);
    const objective = objectiveMetrics({ own: logProbs.own, kl, rewards: step.rewards, beta });
    if (hp.klControl === 'adaptive') {
      this.beta = nextCoefficient(beta, objective['objective/kl'], step.rewards.length, { target: hp.klTarget, horizon: hp.klHorizon });
    }
    const metrics = {
      reward_std: step.rewards.length > 1 ? sampleDeviation(step.rewards) : 0,
      ...objective,
      ...epochMetrics(epochs),
      'val/var_explained': varianceExplained(facts),
      learning_rate: hp.learningRate * step.pace,
    };
    return { advantages: facts.map(({ advantages }) => mean(Array.from(advantages))), metrics };
  }

  progress(): { state: Record<string, Tensor>; scalars: Metrics } {
    return { state: this.value.progress(), scalars: { beta: this.beta, valueSteps: this.value.steps } };
  }

  async dispose(): Promise<void> {
    await this.value.dispose();
    await this.optimizer.dispose();
  }

  private async factsOf({ groups, rewards }: LearningStep, { own }: CompletionLogProbs, kl: readonly Float64Array[]): Promise<TokenFacts[]> {
    const { gamma, lambda, whitenAdvantages, whitenRewards } = this.hyperparameters;
    const values = await this.valuesOf(groups);
    const plain = kl.map((of, c) => tokenRewards(of, rewards[c], this.beta));
    const given = whitenRewards ? whiten(plain, true) : plain;
    const targets = given.map((of, c) => generalizedAdvantages(of, values[c], { gamma, lambda }));
    const raw = targets.map(({ advantages }) => advantages);
    const advantages = whitenAdvantages ? whiten(raw) : raw;
    return targets.map(({ returns }, c) => ({ logProbs: own[c], values: values[c], advantages: advantages[c], returns }));
  }

  /** By completion. */
  private async valuesOf(groups: readonly RolloutGroup[]): Promise<Float32Array[]> {
    const lengths = groups.flatMap(({ completions }) => completions.map(({ tokenIds }) => tokenIds.length));
    const found: Float32Array[] = [];
    for (const batch of packParts(groups, this.hyperparameters.microBatchTokens, this.parts.attentionCost)) {
      const own = lengths.slice(found.length, found.length + batch.lengths.length);
      found.push(...byCompletion(await this.value.of(batch), own));
      await turn();
    }
    return found;
  }

  private async optimize(groups: readonly PpoGroup[], { step, pace }: LearningStep): Promise<MiniBatchFigures[]> {
    const { innerEpochs, miniBatches, microBatchTokens, seed } = this.hyperparameters;
    const figures: MiniBatchFigures[] = [];
    for (let epoch = 0; epoch < innerEpochs; epoch++) {
      for (const part of shuffledParts(groups, miniBatches, `${seed}/${step}/${epoch}/batches`)) {
        const batch = miniBatch(part, microBatchTokens, this.parts.attentionCost);
        figures.push(await this.update(batch, step, pace));
        await turn();
      }
    }
    return figures;
  }

  private async update(batch: MiniBatch, step: number, pace: number): Promise<MiniBatchFigures> {
    const { learningRate, valueLearningRate } = this.hyperparameters;
    const policy = await this.optimizer.runParts(batch.policy, learningRate * pace);
    const value = await this.value.step(batch.value, valueLearningRate * pace);
    const total = (reports: readonly StepReport[], of: (report: StepReport) => number): number => reports.reduce((sum, report) => sum + of(report), 0);
    const metric = (name: string): number => total(policy.reports, ({ metrics }) => metrics[name]);
    const figures = {
      policyLoss: total(policy.reports, ({ loss }) => loss),
      valueLoss: total(value.reports, ({ loss }) => loss),
      gradNorm: policy.gradNorm,
      valueGradNorm: value.gradNorm,
      approxKl: metric('approxKl'),
      clipShare: metric('clipShare'),
      ratio: metric('ratio'),
      entropy: metric('entropy'),
      valueClipShare: total(value.reports, ({ metrics }) => metrics.clipShare),
      ...(policy.reports[0].metrics.samplingWeight !== undefined && { samplingWeight: metric('samplingWeight'), samplingGap: metric('samplingGap') }),
    };
    const { policyLoss, valueLoss, gradNorm, valueGradNorm } = figures;
    if (!Number.isFinite(policyLoss + gradNorm)) throw new TrainingDivergedError(`step ${step + 1}: policy loss ${policyLoss}, gradient norm ${gradNorm}`);
    if (!Number.isFinite(valueLoss + valueGradNorm)) throw new TrainingDivergedError(`step ${step + 1}: value loss ${valueLoss}, gradient norm ${valueGradNorm}`);
    return figures;
  }
}

/** Feeds: those of `miniBatch`. */
function ppoGraph(model: PolicyModel, batch: Feeds, options: PpoHyperparameters): TrainGraph {
  const at = (name: string) => inputLike(name, batch);
  return policyGraph(model, batch, options, ({ logProbs, entropies }) => {
    const inputs = { logProbs, oldLogProbs: at('oldLogProbs'), advantages: at('advantages'), weights: at('weights'), sampled: sampledIn(batch, options.rolloutRatioMax) };
    const { loss, ...metrics } = ppoPolicyLoss(inputs, options);
    return { loss, metrics: { ...metrics, entropy: div(sum(mul(entropies, at('mask'))), at('tokens')) } };
  });
}

function grouped(groups: readonly RolloutGroup[], facts: readonly TokenFacts[]): PpoGroup[] {
  let at = 0;
  return groups.map((group) => ({ ...group, facts: facts.slice(at, (at += group.completions.length)) }));
}

export interface PpoTask extends RolloutTask<PpoHyperparameters> {
  /** A reward model with the policy's tokenizer that the value model starts from; the policy's trunk when left out. */
  valueStart?: Checkpoint;
}

/** Rejects as `trainOnRollouts`. @throws RangeError when a value model is no reward model */
export function trainPpo(task: PpoTask): Promise<RolloutResult> {
  const { checkpoint, hyperparameters: hp, valueStart = valueStartFrom(checkpoint), threads, resume } = task;
  if (valueStart.config.head !== 'reward') throw new RangeError('a value model starts from a reward model or from the policy itself');
  return trainOnRollouts(task, (parts) => {
    const saved = resume && { state: resume.state, steps: resume.scalars?.valueSteps ?? 0 };
    return new PpoLearner(hp, new ValueModel(valueStart, hp, threads, saved), parts);
  });
}
