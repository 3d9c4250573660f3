/** REINFORCE with a leave-one-out baseline (losses/rloo.ts) on rollouts. */
import { rolloutDefaults, type RolloutHyperparameters, withDefaults } from '../settings.js';
import { logRatioSums } from '../policy/completion-log-probs.js';
import { GroupLearner, type GroupMethod, type RolloutLesson } from '../rollouts/group-learner.js';
import { packParts } from '../batch/group-batch.js';
import { leaveOneOutAdvantages, rlooLoss, type RlooOptions } from '../losses/rloo.js';
import { type LearningStep } from '../rollouts/rollout-learner.js';
import { trainOnRollouts, type RolloutResult, type RolloutTask } from '../rollouts/rollout-trainer.js';
import { type Node } from '#src/nn/graph.js';
import { div, mul, sum } from '#src/nn/ops.js';
import { type Feeds } from '#src/nn/session.js';
import { type TrainGraph } from '#src/nn/train-graph.js';
import { inputLike, policyGraph, sampledIn, type PolicyGraphOptions, type PolicyModel } from '../policy/policy-graph.js';

export interface RlooHyperparameters extends RolloutHyperparameters {
  /** Whether to normalise the advantages of a step to mean 0 and deviation 1. */
  normalizeAdvantages: boolean;
}

export const rlooDefaults: RlooHyperparameters = {
  ...rolloutDefaults,
  beta: 0.05,
  normalizeAdvantages: false,
};

export const completeRloo = (given: Partial<RlooHyperparameters>): RlooHyperparameters => withDefaults(rlooDefaults, given);

/** Rejects as `trainOnRollouts`. */
export function trainRloo(task: RolloutTask<RlooHyperparameters>): Promise<RolloutResult> {
  const { hyperparameters: hp } = task;
  const { groupSize, normalizeAdvantages, microBatchTokens, beta } = hp;
  const method: GroupMethod = {
    graph: (model, batch) => rlooGraph(model, batch, hp),
    lesson: async (step): Promise<RolloutLesson> => {
      const advantagesOf = (rewards: readonly number[]) => leaveOneOutAdvantages(rewards, groupSize, normalizeAdvantages);
      if (beta === 0) return { ...advantagesOf(step.rewards), metrics: {} };
      const { sums, tokens } = await logRatios(step);
      const kl = sums.reduce((total, sum) => total + sum, 0) / tokens;
      return { ...advantagesOf(step.rewards.map((reward, i) => reward - beta * sums[i])), metrics: { kl } };
    },
    pack: (groups, attentionCost, all) => packParts(groups, microBatchTokens, attentionCost, undefined, all),
    klInLoss: false,
  };
  return trainOnRollouts(task, (parts) => new GroupLearner(method, hp, parts));
}

/** Sum over the tokens of each completion of log pi - log ref, and the number of tokens; masked completions have 0. */
async function logRatios({ groups, logProbs }: LearningStep): Promise<{ sums: number[]; tokens: number }> {
  const completions = groups.flatMap((group) => group.completions);
  const sums = logRatioSums(await logProbs()).map((sum, c) => (completions[c].masked ? 0 : sum));
  const tokens = completions.reduce((total, { masked, tokenIds }) => total + (masked ? 0 : tokenIds.length), 0);
  return { sums, tokens: Math.max(1, tokens) };
}

/** For `TrainStep`; as `grpoGraph`, but without a reference: the KL is in the advantages. */
function rlooGraph(model: PolicyModel, batch: Feeds, options: RlooOptions & PolicyGraphOptions & { rolloutRatioMax: number }): TrainGraph {
  const at = (name: string): Node => inputLike(name, batch);
  return policyGraph(model, batch, options, ({ logProbs, entropies }) => {
    const mask = at('mask');
    const { loss, ...metrics } = rlooLoss(
      {
        logProbs,
        oldLogProbs: batch.oldLogProbs ? at('oldLogProbs') : undefined,
        sampled: sampledIn(batch, options.rolloutRatioMax),
        mask,
        sequence: at('sequence'),
        advantages: at('sequenceAdvantages'),
        weights: at('sequenceWeights'),
      },
      options,
    );
    return { loss, metrics: { ...metrics, entropy: div(sum(mul(entropies, mask)), at('tokens')), logProbs } };
  });
}
