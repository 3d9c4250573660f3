// What a training would take, told and enforced before it is queued.
import { Inject, Injectable } from '@nestjs/common';
import { unprocessable } from '#src/common/problem.js';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { type TrainingPlan } from '#src/rl/plan/training-plan.js';
import { computeSpeed } from '#src/nn/compute-speed.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { countSteps } from '#src/rl/batch/batch-plan.js';
import type { ExpectedAnswers } from '#src/rl/plan/expected-answers.js';
import { completeReward, type RewardHyperparameters } from '#src/rl/methods/reward.js';
import { PreferenceDataRepository } from '../data/preference-data.repository.js';
import { planExpectedTraining, planRewardTraining } from '#src/rl/plan/reward-plan.js';
import type { PlanRewardModelDto } from './reward-models.dto.js';
import type { TrainingPlanDto } from './training-plan.dto.js';

const mebibyte = 1024 ** 2;

@Injectable()
export class RewardPlansService {
  constructor(
    private readonly data: PreferenceDataRepository,
    private readonly policyVersions: PolicyVersionsService,
    @Inject(CONFIG) private readonly config: Pick<Config, 'memoryLimitBytes'>,
  ) {}

  /** The inputs must have been checked. */
  async plan(dto: PlanRewardModelDto): Promise<TrainingPlanDto> {
    return this.told(await this.estimate(dto), await this.countSteps(dto));
  }

  /** @throws ProblemException 422 `training_does_not_fit` */
  async requireFit(dto: PlanRewardModelDto): Promise<void> {
    this.requireRoom(await this.estimate(dto));
  }

  /** Before there is data. @throws ProblemException 422 `training_does_not_fit` */
  async requireFitAhead(basePolicyVersionId: string, hyperparameters: RewardHyperparameters, answers: ExpectedAnswers): Promise<void> {
    this.requireRoom(planExpectedTraining(await this.policyVersions.loadDescription(basePolicyVersionId), answers, hyperparameters));
  }

  private requireRoom({ bytes }: TrainingPlan): void {
    if (bytes.peak <= this.config.memoryLimitBytes) return;
    const message =
      `the largest step needs about ${Math.round(bytes.peak / mebibyte)} MiB, the limit is ` +
      `${Math.round(this.config.memoryLimitBytes / mebibyte)} MiB; set gradientCheckpointing, microBatchTokens, lora or a smaller maxTokens`;
    throw unprocessable('training_does_not_fit', '/hyperparameters', 'memory', message, bytes.peak);
  }

  private async estimate({ pairSetId, basePolicyVersionId, hyperparameters = {} }: PlanRewardModelDto): Promise<TrainingPlan> {
    const resolved = completeReward(hyperparameters);
    const model = await this.policyVersions.loadDescription(basePolicyVersionId);
    // A group has at least two completions, so these are more than one step takes.
    const groups = await this.data.longestGroups(pairSetId, resolved.batchSize);
    // Only what frozen layers leave on disk depends on all of the data.
    const characters = resolved.trainedLayers === null ? undefined : (await this.data.countCharacters(pairSetId)).train;
    return planRewardTraining(model, groups, resolved, characters);
  }

  /** Of all members, without the prompts that early stopping sets aside. */
  private async countSteps({ pairSetId, hyperparameters = {} }: PlanRewardModelDto): Promise<number> {
    const resolved = completeReward(hyperparameters);
    const share = 1 - (resolved.earlyStopping?.validationFraction ?? 0);
    const sizes = await this.data.groupSizes(pairSetId);
    return resolved.members * countSteps(sizes.slice(0, Math.ceil(share * sizes.length)), resolved);
  }

  private async told(plan: TrainingPlan, steps: number): Promise<TrainingPlanDto> {
    const { parameters, trainedParameters, bytes, trunkBytes, floatingPointOperations } = plan;
    const limitBytes = this.config.memoryLimitBytes;
    const secondsPerStep = floatingPointOperations / (await computeSpeed());
    const time = { secondsPerStep, steps, seconds: steps * secondsPerStep };
    return { parameters, trainedParameters, bytes, trunkBytes, floatingPointOperations, ...time, limitBytes, fits: bytes.peak <= limitBytes };
  }
}
