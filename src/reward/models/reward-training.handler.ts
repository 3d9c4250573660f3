import { RunProgressStore } from '#src/artifacts/run-progress.store.js';
import { JobFailure } from '#src/jobs/job-failure.js';
import { HandlesJob, type JobContext, type JobHandler } from '#src/jobs/job-handler.js';
import { RewardEvaluator } from './reward-evaluator.js';
import { RewardMemberTrainer } from './reward-member-trainer.js';
import { isTrainedHere } from './reward-model.entity.js';
import { RewardModelsRepository } from './reward-models.repository.js';

/** Trains, evaluates and stores a reward model. A rerun continues from the last save, to the same bits. */
@HandlesJob('reward-model.train')
export class RewardTrainingHandler implements JobHandler<'reward-model.train'> {
  constructor(
    private readonly rewardModels: RewardModelsRepository,
    private readonly trainer: RewardMemberTrainer,
    private readonly evaluator: RewardEvaluator,
    private readonly saved: RunProgressStore,
  ) {}

  async run({ rewardModelId }: { rewardModelId: string }, context: JobContext): Promise<void> {
    const rewardModel = await this.rewardModels.find(rewardModelId);
    if (!rewardModel || !isTrainedHere(rewardModel)) throw new JobFailure('reward_model_not_found', `there is no reward model ${rewardModelId} to train`);
    if (rewardModel.trainedAt) return this.saved.remove(rewardModelId);
    const members = await this.trainer.train(rewardModel, context);
    const { evaluation, verdict } = await this.evaluator.evaluate(rewardModel, members, context);
    await context.commit((tx) => this.rewardModels.finish(tx, rewardModelId, { modelId: members[0].modelId, evaluation, verdict }));
    await this.saved.remove(rewardModelId);
  }
}
