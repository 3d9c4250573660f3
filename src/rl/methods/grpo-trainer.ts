/** Group relative policy optimization (grpo.ts) on rollouts. */
import { groupAdvantages } from '../losses/advantages.js';
import { GroupLearner, type GroupMethod } from '../rollouts/group-learner.js';
import { packParts } from '../batch/group-batch.js';
import { grpoGraph } from './grpo-graph.js';
import { type GrpoHyperparameters } from './grpo-hyperparameters.js';
import { trainOnRollouts, type RolloutResult, type RolloutStepReport, type RolloutTask } from '../rollouts/rollout-trainer.js';

export type GrpoTask = RolloutTask<GrpoHyperparameters>;
export type GrpoResult = RolloutResult;
export type GrpoStepReport = RolloutStepReport;

/** Rejects as `trainOnRollouts`. */
export function trainGrpo(task: GrpoTask): Promise<GrpoResult> {
  const { hyperparameters: hp } = task;
  const method: GroupMethod = {
    graph: (model, batch) => grpoGraph(model, batch, hp),
    lesson: ({ rewards }) => Promise.resolve({ ...groupAdvantages(rewards, hp.groupSize, hp.scaleRewards), metrics: {} }),
    pack: (groups, attentionCost, all) => packParts(groups, hp.microBatchTokens, attentionCost, hp, all),
    klInLoss: true,
  };
  return trainOnRollouts(task, (parts) => new GroupLearner(method, hp, parts));
}
