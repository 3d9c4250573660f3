import { Inject } from '@nestjs/common';
import { LineageService } from '#src/artifacts/lineage.service.js';
import { ModelsService } from '#src/artifacts/models.service.js';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { JobFailure } from '#src/jobs/job-failure.js';
import { HandlesJob, type JobContext, type JobHandler } from '#src/jobs/job-handler.js';
import { serializeCheckpoint } from '#src/lm/checkpoint.js';
import { PairSetsRepository } from '#src/pairs/pair-sets.repository.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { modelInfo } from '#src/policies/uploaded-model.js';
import { PreferenceDataRepository, type PairSplit } from './preference-data.repository.js';
import { evaluateRewards, type RewardEvaluation, type RewardNulls } from './reward-evaluation.js';
import type { RewardModel } from './reward-model.entity.js';
import { RewardModelsRepository } from './reward-models.repository.js';
import { RewardScorer } from './reward-scorer.js';
import { trainRewardModel, TrainingDivergedError, type TrainedReward } from './reward-trainer.js';

/** Trains, evaluates and keeps a reward model. Run again it starts over, and comes to the same bits. */
@HandlesJob('reward-model.train')
export class RewardTrainingHandler implements JobHandler<'reward-model.train'> {
  private readonly threads: number | undefined;

  constructor(
    private readonly rewardModels: RewardModelsRepository,
    private readonly data: PreferenceDataRepository,
    private readonly pairSets: PairSetsRepository,
    private readonly policyVersions: PolicyVersionsService,
    private readonly models: ModelsService,
    private readonly lineage: LineageService,
    @Inject(CONFIG) config: Config,
  ) {
    this.threads = config.computeThreads || undefined;
  }

  async run({ rewardModelId }: { rewardModelId: string }, context: JobContext): Promise<void> {
    const rewardModel = await this.rewardModels.find(rewardModelId);
    if (!rewardModel) throw new JobFailure('reward_model_not_found', `there is no reward model ${rewardModelId}`);
    if (rewardModel.trainedAt) return;
    const trained = await this.train(rewardModel, context);
    const evaluation = await this.evaluate(rewardModel, trained, context);
    context.phase('saving');
    const files = await this.models.storeFiles(serializeCheckpoint(trained.checkpoint));
    context.signal.throwIfAborted();
    await context.commit(async (tx) => {
      const model = await this.models.saveStored(tx, files, modelInfo(trained.checkpoint.config));
      await this.rewardModels.finish(tx, rewardModelId, { modelId: model.id, evaluation });
      await this.lineage.link(tx, { type: 'reward_model', id: rewardModelId }, { type: 'model', id: model.id }, 'trained_by');
    });
  }

  private async train({ pairSetId, basePolicyVersionId, hyperparameters }: RewardModel, context: JobContext): Promise<TrainedReward> {
    context.phase('loading');
    const groups = await this.data.groups(pairSetId, 'train', hyperparameters.marginPerPoint);
    if (groups.length === 0) throw new JobFailure('pair_set_empty', `pair set ${pairSetId} has no pairs to train on`);
    const checkpoint = await this.policyVersions.loadCheckpoint(basePolicyVersionId);
    context.phase('training');
    try {
      const trained = await trainRewardModel({
        checkpoint,
        groups,
        hyperparameters,
        threads: this.threads,
        signal: context.signal,
        onStep: async ({ step, totalSteps, metrics }) => {
          await context.metrics(step, metrics);
          await context.progress(step, totalSteps, 'steps');
        },
      });
      if (trained.truncatedTexts > 0) {
        context.log('warn', `${trained.truncatedTexts} texts were cut to ${hyperparameters.maxTokens} tokens`);
      }
      return trained;
    } catch (error) {
      if (error instanceof TrainingDivergedError) throw new JobFailure('training_diverged', error.message);
      throw error;
    }
  }

  private async evaluate(
    { pairSetId, hyperparameters: { maxTokens, seed } }: RewardModel,
    { checkpoint, pairs, steps, truncatedTexts }: TrainedReward,
    context: JobContext,
  ): Promise<RewardEvaluation> {
    context.phase('evaluating');
    const unseen = await this.data.groups(pairSetId, 'eval', 0);
    const split: PairSplit = unseen.length > 0 ? 'eval' : 'train';
    if (split === 'train') context.log('warn', 'the pair set keeps no prompts from training: its accuracy proves nothing');
    const groups = split === 'eval' ? unseen : await this.data.groups(pairSetId, 'train', 0);
    const items = groups.flatMap(({ prompt, completions }) => completions.map((completion) => ({ prompt, completion })));
    const scorer = RewardScorer.load(checkpoint, { maxTokens, threads: this.threads });
    try {
      const onProgress = (done: number, total: number) => context.progress(done, total, 'completions');
      const rewards = await scorer.score(items, { signal: context.signal, onProgress });
      const facts = { split, trainPairs: pairs, steps, truncatedTexts, ...(await this.nulls(pairSetId, split)) };
      return evaluateRewards(groups, rewards, facts, seed);
    } finally {
      await scorer.dispose();
    }
  }

  /** As the pair set counted them when it was built. */
  private async nulls(pairSetId: string, split: PairSplit): Promise<{ nulls: RewardNulls; preferenceCeiling: number | null }> {
    const diagnostics = (await this.pairSets.find(pairSetId))?.diagnostics?.splits[split];
    const accuracy = (rule: keyof RewardNulls): number | null => diagnostics?.nulls[rule].accuracy ?? null;
    return {
      nulls: { longest: accuracy('longest'), shortest: accuracy('shortest'), first: accuracy('first'), majority: accuracy('majority') },
      preferenceCeiling: diagnostics?.labelerAgreement.share ?? null,
    };
  }
}
