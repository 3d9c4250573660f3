// Trained reward models in memory, for the job process only: the score route, training runs and comparisons score
// through this.
import { Inject, Injectable } from '@nestjs/common';
import { ModelsService } from '#src/artifacts/models.service.js';
import { notFound } from '#src/common/problem.js';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { JobFailure } from '#src/jobs/job-failure.js';
import { EnsembleScorer, type EnsembleMember } from '#src/rl/reward/ensemble-scorer.js';
import { RewardModelMembersRepository } from '../models/reward-model-members.repository.js';
import { RewardModelsRepository } from '../models/reward-models.repository.js';
import { RewardScorer } from '#src/rl/reward/reward-scorer.js';

@Injectable()
export class RewardScorersService {
  constructor(
    private readonly rewardModels: RewardModelsRepository,
    private readonly members: RewardModelMembersRepository,
    private readonly models: ModelsService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Scores texts as this reward model was trained to read them. The caller disposes of it.
   *
   * @throws ProblemException 404 `reward_model_not_found`
   * @throws JobFailure `reward_model_not_trained`
   */
  async load(rewardModelId: string): Promise<EnsembleScorer> {
    const rewardModel = await this.rewardModels.find(rewardModelId);
    if (!rewardModel) throw notFound('reward_model', rewardModelId);
    const { modelId, evaluation, hyperparameters, maxTokens, origin } = rewardModel;
    if (modelId === null) throw new JobFailure('reward_model_not_trained', `reward model ${rewardModelId} is not trained`);
    // A model of others was trained where pad tokens are not read, even where they end a text.
    const options = {
      maxTokens: (hyperparameters?.maxTokens ?? maxTokens)!,
      threads: this.config.computeThreads || undefined,
      readBeforePadding: origin === 'uploaded',
    };
    const members: EnsembleMember[] = [];
    const rows = origin === 'uploaded' ? [{ member: 0, modelId }] : await this.members.of(rewardModelId);
    for (const { member, modelId: id } of rows) {
      const scorer = RewardScorer.load(await this.models.loadCheckpoint(id), options);
      const offset = rows.length > 1 ? (evaluation?.members[member].rewardMean ?? 0) : 0;
      members.push({ scorer, offset });
    }
    return new EnsembleScorer(members);
  }
}
