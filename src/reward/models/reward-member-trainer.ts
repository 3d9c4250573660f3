// Trains the members of a reward model one after the other. Each trained member is stored, and the progress of the current one is saved
// from time to time, so that another worker can continue from there to the same bits.
import { TrainingDivergedError } from '#src/rl/step-loop.js';
import { Inject, Injectable } from '@nestjs/common';
import { AdapterFilesService } from '#src/artifacts/adapter-files.service.js';
import { LineageService } from '#src/artifacts/lineage.service.js';
import { ModelsService } from '#src/artifacts/models.service.js';
import { RunProgressStore } from '#src/artifacts/run-progress.store.js';
import { SaveClock } from '#src/common/save-clock.js';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { JobFailure } from '#src/jobs/job-failure.js';
import { willComeBack, type JobContext } from '#src/jobs/job-handler.js';
import type { Checkpoint } from '#src/lm/files/checkpoint.js';
import { TrunkSpaceError } from '#src/lm/lora/trunk-states.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { modelInfo } from '#src/policies/uploaded-model.js';
import type { MemberTraining, RewardModelMember, TrainedHere } from './reward-model.entity.js';
import { PreferenceDataService } from '../data/preference-data.service.js';
import { RewardModelMembersRepository } from './reward-model-members.repository.js';
import { type RewardProgress, type RewardTraining, type TrainedReward, trainRewardModel } from '#src/rl/methods/reward.js';
import { trainingPairs, type TrainingPairs } from '../data/training-pairs.js';

/** Progress of the member in training; earlier members do not affect it. */
interface MemberProgress extends RewardProgress {
  member: number;
  /** Counts on over all members, since the latest save is the one of the highest step. */
  step: number;
}

@Injectable()
export class RewardMemberTrainer {
  private readonly threads: number | undefined;
  private readonly saveEveryMs: number;

  constructor(
    private readonly data: PreferenceDataService,
    private readonly members: RewardModelMembersRepository,
    private readonly policyVersions: PolicyVersionsService,
    private readonly models: ModelsService,
    private readonly adapters: AdapterFilesService,
    private readonly lineage: LineageService,
    private readonly saved: RunProgressStore,
    @Inject(CONFIG) config: Config,
  ) {
    this.threads = config.computeThreads || undefined;
    this.saveEveryMs = config.saveEverySeconds * 1000;
  }

  /** All members, those that were trained before included. @throws JobFailure `pair_set_empty`, `training_diverged`, `no_temporary_space` */
  async train(rewardModel: TrainedHere, context: JobContext): Promise<RewardModelMember[]> {
    const { id, hyperparameters } = rewardModel;
    const trained = await this.members.of(id);
    if (trained.length === hyperparameters.members) return trained;
    context.phase('loading');
    const pairs = await this.pairsOf(rewardModel);
    const checkpoint = await this.policyVersions.loadCheckpoint(rewardModel.basePolicyVersionId);
    context.phase('training');
    for (let member = trained.length; member < hyperparameters.members; member++) {
      const stepsBefore = trained.reduce((total, { training }) => total + training.steps, 0);
      const result = await this.trainMember(rewardModel, { member, stepsBefore, pairs, checkpoint }, context);
      trained.push(await this.keep(rewardModel, member, result, pairs, context));
      await context.kept();
    }
    return trained;
  }

  private async pairsOf({ pairSetId, hyperparameters }: TrainedHere): Promise<TrainingPairs> {
    const { marginPerPoint, ties, earlyStopping } = hyperparameters;
    const groups = await this.data.groups(pairSetId, 'train', marginPerPoint, { ties: ties !== 'ignore' });
    const pairs = trainingPairs(groups, hyperparameters);
    if (pairs.train.length === 0) throw new JobFailure('pair_set_empty', `pair set ${pairSetId} has no pairs to train on`);
    if (earlyStopping && pairs.validation.length === 0)
      throw new JobFailure('validation_split_empty', `pair set ${pairSetId} leaves no pairs to early stopping`);
    return pairs;
  }

  private async trainMember(
    { id, hyperparameters }: TrainedHere,
    part: { member: number; stepsBefore: number; pairs: TrainingPairs; checkpoint: Checkpoint },
    context: JobContext,
  ): Promise<TrainedReward> {
    const { member, stepsBefore, checkpoint, pairs } = part;
    const found = await this.saved.load<MemberProgress>(id);
    const resume = found?.member === member ? { ...found, step: found.step - stepsBefore } : undefined;
    if (resume) context.log('info', `member ${member} continues after step ${resume.step}`);
    try {
      return await trainRewardModel({
        checkpoint,
        groups: pairs.train,
        validation: pairs.validation,
        hyperparameters: { ...hyperparameters, seed: hyperparameters.seed + member },
        resume,
        threads: this.threads,
        signal: context.signal,
        onStep: this.recorder(id, hyperparameters.members, part, context),
      });
    } catch (error) {
      if (error instanceof TrainingDivergedError) throw new JobFailure('training_diverged', error.message);
      if (error instanceof TrunkSpaceError) throw new JobFailure('no_temporary_space', error.message);
      throw error;
    }
  }

  private recorder(
    id: string,
    members: number,
    { member, stepsBefore }: { member: number; stepsBefore: number },
    context: JobContext,
  ): NonNullable<RewardTraining['onStep']> {
    const clock = new SaveClock(this.saveEveryMs);
    return async ({ step, totalSteps, metrics, progress }) => {
      await context.metrics(stepsBefore + step, members > 1 ? { ...metrics, member } : metrics);
      // This gives the event loop its turn, in which a pause arrives.
      await context.progress(member * totalSteps + step, members * totalSteps, 'steps');
      if (clock.due() || willComeBack(context)) {
        await clock.measure(() => this.saved.save<MemberProgress>(id, { ...progress, member, step: stepsBefore + step }));
        await context.kept();
      }
    };
  }

  private async keep(
    { id: rewardModelId, basePolicyVersionId }: TrainedHere,
    member: number,
    { checkpoint, adapter, ...result }: TrainedReward,
    { lengthBias }: TrainingPairs,
    context: JobContext,
  ): Promise<RewardModelMember> {
    if (result.ended) context.log('warn', `member ${member} ended early and kept the weights of step ${result.keptStep}: ${result.ended.message}`);
    const files = await this.models.storeCheckpoint(checkpoint);
    const folder = adapter && (await this.adapters.store(adapter, basePolicyVersionId));
    context.abandoned.throwIfAborted();
    const training: MemberTraining = { ...result, lengthBias };
    return context.commit(async (tx) => {
      const model = await this.models.saveStored(tx, files, modelInfo(checkpoint.config));
      const owner = { type: 'reward_model', id: rewardModelId } as const;
      const row = { rewardModelId, member, modelId: model.id, adapter: folder && (await this.adapters.register(tx, owner, folder)), training };
      await this.members.insert(tx, row);
      await this.lineage.link(tx, owner, { type: 'model', id: model.id }, 'trained_by');
      return { ...row, createdAt: new Date() };
    });
  }
}
