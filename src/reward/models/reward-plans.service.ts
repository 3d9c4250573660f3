// Estimates what a training needs and enforces the limit before it is queued.
import { Injectable } from '@nestjs/common';
import { unprocessable } from '#src/common/problem.js';
import { sandbox } from '#src/common/sandbox.js';
import { microBatchOf } from '#src/rl/plan/micro-batch.js';
import { type TrainingPlan } from '#src/rl/plan/training-plan.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { sandboxProblem } from '#src/policies/sandbox-problem.js';
import { countSteps } from '#src/rl/batch/batch-plan.js';
import type { ExpectedAnswers } from '#src/rl/plan/expected-answers.js';
import { completeReward, type GivenHyperparameters, type RewardHyperparameters } from '#src/rl/methods/reward.js';
import { PreferenceDataService } from '../data/preference-data.service.js';
import type { RewardPlan } from '#src/rl/plan/reward-plan.js';
import { planMilliseconds, PlanResourcesService } from './plan-resources.js';
import type { RewardRequest } from './reward-inputs.js';
import type * as PlanTask from './reward-plan-task.js';
import type { TrainingPlanDto } from './training-plan.dto.js';

type Tasks = typeof PlanTask;

const mebibyte = 1024 ** 2;

interface Estimate {
  /** Including the settings chosen for this machine. */
  hyperparameters: RewardHyperparameters;
  plan: RewardPlan;
}

@Injectable()
export class RewardPlansService {
  constructor(
    private readonly data: PreferenceDataService,
    private readonly policyVersions: PolicyVersionsService,
    private readonly resources: PlanResourcesService,
  ) {}

  /** The inputs must have been checked. */
  async plan(dto: RewardRequest): Promise<TrainingPlanDto> {
    return this.told(await this.estimate(dto), await this.countSteps(dto));
  }

  /** All settings of a training that fits, those included that were left to this machine. @throws ProblemException 422 `training_does_not_fit` */
  async settle(dto: RewardRequest): Promise<RewardHyperparameters> {
    const { plan, hyperparameters } = await this.estimate(dto);
    this.requireRoom(plan);
    return hyperparameters;
  }

  /** Before there is data. @throws ProblemException 422 `training_does_not_fit` */
  async requireFitAhead(basePolicyVersionId: string, given: GivenHyperparameters, answers: ExpectedAnswers): Promise<void> {
    const files = await this.policyVersions.loadSmallFiles(basePolicyVersionId);
    const { plan } = await this.choose(given, (hyperparameters) => this.inChild('planRewardAhead', [files, answers, hyperparameters]));
    this.requireRoom(plan);
  }

  private requireRoom({ bytes }: TrainingPlan): void {
    if (bytes.peak <= this.resources.memoryLimitBytes) return;
    const message =
      `the largest step needs about ${Math.round(bytes.peak / mebibyte)} MiB, the limit is ` +
      `${Math.round(this.resources.memoryLimitBytes / mebibyte)} MiB; set gradientCheckpointing, microBatchTokens, lora or a smaller maxTokens`;
    throw unprocessable('training_does_not_fit', '/hyperparameters', 'memory', message, bytes.peak);
  }

  private async estimate({ pairSetId, basePolicyVersionId, hyperparameters = {} }: RewardRequest): Promise<Estimate> {
    const resolved = completeReward(hyperparameters);
    const files = await this.policyVersions.loadSmallFiles(basePolicyVersionId);
    // A group has at least two completions, so these are more than one step takes.
    const groups = await this.data.longestGroups(pairSetId, resolved.batchSize);
    // Only what frozen layers leave on disk depends on all of the data.
    const characters = resolved.trainedLayers === null ? undefined : (await this.data.countCharacters(pairSetId)).train;
    return this.choose(hyperparameters, (settings) => this.inChild('planReward', [files, groups, settings, characters]));
  }

  /** The micro-batch size is chosen from the plan of the whole step, unless the request gives it. */
  private async choose(given: GivenHyperparameters, planned: (hyperparameters: RewardHyperparameters) => Promise<RewardPlan>): Promise<Estimate> {
    const whole = completeReward(given);
    const plan = await planned(whole);
    if (given.microBatchTokens !== undefined) return { hyperparameters: whole, plan };
    const { speed, memoryLimitBytes } = await this.resources.current();
    const microBatchTokens = microBatchOf(plan, { speed, memoryBytes: memoryLimitBytes });
    const hyperparameters = { ...whole, microBatchTokens };
    return { hyperparameters, plan: microBatchTokens === null ? plan : await planned(hyperparameters) };
  }

  /** @throws ProblemException 422 `tokenizer_failed`, `chat_template_failed`, 503 `plan_timed_out`, `too_many_plans` */
  private async inChild<K extends keyof Tasks>(name: K, args: Parameters<Tasks[K]>): Promise<RewardPlan> {
    try {
      return await sandbox.call<Tasks, K>('#src/reward/models/reward-plan-task.js', name, args as never, { milliseconds: planMilliseconds });
    } catch (error) {
      throw sandboxProblem(error, '/basePolicyVersionId');
    }
  }

  /** Steps of all members, without the prompts held out for early stopping. */
  private async countSteps({ pairSetId, hyperparameters = {} }: RewardRequest): Promise<number> {
    const resolved = completeReward(hyperparameters);
    const share = 1 - (resolved.earlyStopping?.validationFraction ?? 0);
    const sizes = await this.data.groupSizes(pairSetId);
    return resolved.members * countSteps(sizes.slice(0, Math.ceil(share * sizes.length)), resolved);
  }

  private async told({ plan, hyperparameters }: Estimate, steps: number): Promise<TrainingPlanDto> {
    const { parameters, trainedParameters, bytes, trunkBytes, floatingPointOperations, runsPerStep, operationsPerRun } = plan;
    const { microBatchTokens } = hyperparameters;
    const { memoryLimitBytes: limitBytes, speed } = await this.resources.current();
    const secondsPerStep = floatingPointOperations / speed;
    const time = { secondsPerStep, steps, seconds: steps * secondsPerStep };
    const runs = { microBatchTokens, runsPerStep, secondsPerRun: operationsPerRun / speed };
    return { parameters, trainedParameters, bytes, trunkBytes, floatingPointOperations, ...runs, ...time, limitBytes, fits: bytes.peak <= limitBytes };
  }
}
