// What a training would take, told and enforced before it is queued.
import { Inject, Injectable } from '@nestjs/common';
import { unprocessable } from '#src/common/problem.js';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { type TrainingPlan } from '#src/lm/training-plan.js';
import { computeSpeed } from '#src/nn/compute-speed.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { resolveHyperparameters } from './hyperparameters.js';
import { PreferenceDataRepository } from './preference-data.repository.js';
import { planRewardTraining } from './reward-plan.js';
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
    return this.told(await this.estimate(dto));
  }

  /** @throws ProblemException 422 `training_does_not_fit` */
  async requireFit(dto: PlanRewardModelDto): Promise<void> {
    const { bytes } = await this.estimate(dto);
    if (bytes.peak <= this.config.memoryLimitBytes) return;
    const message =
      `the largest step needs about ${Math.round(bytes.peak / mebibyte)} MiB, the limit is ` +
      `${Math.round(this.config.memoryLimitBytes / mebibyte)} MiB; set gradientCheckpointing, microBatchTokens, lora or a smaller maxTokens`;
    throw unprocessable('training_does_not_fit', '/hyperparameters', 'memory', message, bytes.peak);
  }

  private async estimate({ pairSetId, basePolicyVersionId, hyperparameters = {} }: PlanRewardModelDto): Promise<TrainingPlan> {
    const resolved = resolveHyperparameters(hyperparameters);
    const model = await this.policyVersions.loadDescription(basePolicyVersionId);
    // A group has at least two completions, so these are more than one step takes.
    const groups = await this.data.longestGroups(pairSetId, resolved.batchSize);
    // Only what frozen layers leave on disk depends on all of the data.
    const characters = resolved.trainedLayers === null ? undefined : (await this.data.countCharacters(pairSetId)).train;
    return planRewardTraining(model, groups, resolved, characters);
  }

  private async told(plan: TrainingPlan): Promise<TrainingPlanDto> {
    const { parameters, trainedParameters, bytes, floatingPointOperations, trunkBytes } = plan;
    const limitBytes = this.config.memoryLimitBytes;
    const secondsPerStep = floatingPointOperations / (await computeSpeed());
    return { parameters, trainedParameters, bytes, trunkBytes, floatingPointOperations, secondsPerStep, limitBytes, fits: bytes.peak <= limitBytes };
  }
}
