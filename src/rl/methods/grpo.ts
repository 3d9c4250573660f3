/** Group relative policy optimization (losses/grpo.ts) on rollouts. */
import { type TokenAveraging, packParts } from '../batch/group-batch.js';
import { grpoLoss, type GrpoOptions, type ImportanceLevel } from '../losses/grpo.js';
import { rolloutDefaults, type RolloutHyperparameters, withDefaults } from '../settings.js';
import { groupAdvantages } from '../losses/advantages.js';
import { GroupLearner, type GroupMethod } from '../rollouts/group-learner.js';
import { trainOnRollouts, type RolloutResult, type RolloutTask } from '../rollouts/rollout-trainer.js';
import { div, mul, sum } from '#src/nn/ops.js';
import { type Node } from '#src/nn/graph.js';
import { type Feeds } from '#src/nn/session.js';
import { type TrainGraph } from '#src/nn/train-graph.js';
import { inputLike, policyGraph, sampledIn, type PolicyGraphOptions, type PolicyModel } from '../policy/policy-graph.js';

export interface GrpoHyperparameters extends RolloutHyperparameters {
  /** Whether to divide advantages by the standard deviation of their group. */
  scaleRewards: boolean;
  /** Weight of a token: equal within a step, by completion, or equal in all steps (see grpo.ts). */
  lossType: TokenAveraging;
  /** Whether the ratio to the policy that wrote a completion is taken by token or for the completion. */
  importanceSampling: ImportanceLevel;
}

export const grpoDefaults: GrpoHyperparameters = {
  ...rolloutDefaults,
  beta: 0.04,
  scaleRewards: true,
  lossType: 'bnpo',
  importanceSampling: 'token',
};

export const completeGrpo = (given: Partial<GrpoHyperparameters>): GrpoHyperparameters =>
  withDefaults(grpoDefaults, given);

/** Rejects as `trainOnRollouts`. */
export function trainGrpo(task: RolloutTask<GrpoHyperparameters>): Promise<RolloutResult> {
  const { hyperparameters: hp } = task;
  const method: GroupMethod = {
    graph: (model, batch) => grpoGraph(model, batch, hp),
    lesson: ({ rewards }) => Promise.resolve({ ...groupAdvantages(rewards, hp.groupSize, hp.scaleRewards), metrics: {} }),
    pack: (groups, attentionCost, all) => packParts(groups, hp.microBatchTokens, attentionCost, hp, all),
    klInLoss: true,
  };
  return trainOnRollouts(task, (parts) => new GroupLearner(method, hp, parts));
}

/** `temperature` is that of the sampling: the policy that wrote the completions is softmax(logits / temperature). */
export interface GrpoGraphOptions extends GrpoOptions, PolicyGraphOptions {
  importanceSampling: ImportanceLevel;
  rolloutRatioMax: number;
}

/**
 * For `TrainStep`. `refLogProbs` and `oldLogProbs` [slots] are part of the loss when they are fed. The metric
 * `logProbs` [slots] is what the policy gave its tokens before the step: the old log-probabilities of later steps
 * on the same completions.
 */
export function grpoGraph(model: PolicyModel, batch: Feeds, options: GrpoGraphOptions): TrainGraph {
  const at = (name: string): Node => inputLike(name, batch);
  const fed = (name: string): Node | undefined => (batch[name] ? at(name) : undefined);
  return policyGraph(model, batch, options, ({ logProbs, entropies }) => {
    const [mask, tokens] = [at('mask'), at('tokens')];
    const { loss, ...metrics } = grpoLoss(
      {
        logProbs,
        oldLogProbs: fed('oldLogProbs'),
        refLogProbs: fed('refLogProbs'),
        advantages: at('advantages'),
        mask,
        tokens,
        weights: at('weights'),
        sampled: sampledIn(batch, options.rolloutRatioMax),
        ...(options.importanceSampling === 'sequence' && {
          completions: { sequence: at('sequence'), lengths: at('lengths') },
        }),
      },
      options,
    );
    return { loss, metrics: { ...metrics, entropy: div(sum(mul(entropies, mask)), tokens), logProbs } };
  });
}
