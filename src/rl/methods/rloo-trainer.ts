/** REINFORCE with a leave-one-out baseline (rloo.ts) on rollouts. */
import { logRatioSums } from '../policy/completion-log-probs.js';
import { GroupLearner, type GroupMethod, type RolloutLesson } from '../rollouts/group-learner.js';
import { packParts } from '../batch/group-batch.js';
import { leaveOneOutAdvantages } from '../losses/rloo.js';
import { rlooGraph } from './rloo-graph.js';
import { type RlooHyperparameters } from './rloo-hyperparameters.js';
import { type LearningStep } from '../rollouts/rollout-learner.js';
import { trainOnRollouts, type RolloutResult, type RolloutTask } from '../rollouts/rollout-trainer.js';

export type RlooTask = RolloutTask<RlooHyperparameters>;

/** Rejects as `trainOnRollouts`. */
export function trainRloo(task: RlooTask): Promise<RolloutResult> {
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
