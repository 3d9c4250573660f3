/** REINFORCE with a leave-one-out baseline (rloo.ts) on rollouts. */
import { setImmediate as turn } from 'node:timers/promises';
import { floats } from '#src/nn/tensor.js';
import { packParts, type RolloutGroup } from './grpo-batch.js';
import { leaveOneOutAdvantages } from './rloo.js';
import { rlooGraph } from './rloo-graph.js';
import { type RlooHyperparameters } from './rloo-hyperparameters.js';
import { trainOnRollouts, type Policies, type RolloutResult, type RolloutTask } from './rollout-trainer.js';

export type RlooTask = RolloutTask<RlooHyperparameters>;

/** Rejects as `trainOnRollouts`. */
export function trainRloo(task: RlooTask): Promise<RolloutResult> {
  const { hyperparameters: hp } = task;
  const { groupSize, normalizeAdvantages, microBatchTokens, beta } = hp;
  return trainOnRollouts(task, {
    graph: (model, batch) => rlooGraph(model, batch, hp),
    lesson: async (rewards, groups, policies) => {
      const { sums, tokens } = beta > 0 ? await logRatios(groups, policies, microBatchTokens) : { sums: rewards.map(() => 0), tokens: 1 };
      const shaped = rewards.map((reward, i) => reward - beta * sums[i]);
      const kl = sums.reduce((total, sum) => total + sum, 0) / tokens;
      return { ...leaveOneOutAdvantages(shaped, groupSize, normalizeAdvantages), metrics: { kl } };
    },
    pack: (groups, attentionCost) => packParts(groups, microBatchTokens, attentionCost),
    klInLoss: false,
  });
}

/** Sum over the tokens of each completion of log pi - log ref, and the number of tokens; masked completions have 0. */
async function logRatios(
  groups: readonly RolloutGroup[],
  { current, reference, attentionCost }: Policies,
  microBatchTokens: number | null,
): Promise<{ sums: number[]; tokens: number }> {
  const sums: number[] = [];
  let tokens = 0;
  for (const batch of packParts(groups, microBatchTokens, attentionCost)) {
    const [own, ref] = [floats(await current.of(batch)), floats(await reference.of(batch))];
    const { sequence, mask } = batch.feeds;
    const first = sums.length;
    sums.push(...batch.lengths.map(() => 0));
    floats(mask).forEach((counts, t) => (sums[first + Number(sequence.data[t])] += counts * (own[t] - ref[t])));
    tokens += batch.tokens;
    await turn();
  }
  return { sums, tokens: Math.max(1, tokens) };
}
