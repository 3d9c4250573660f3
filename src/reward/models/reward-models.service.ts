// Reward models: each is trained once, from one pair set and one policy version, and is then immutable. This file starts the training job
// and reads its results.
import { Injectable } from '@nestjs/common';
import { LineageService } from '#src/artifacts/lineage.service.js';
import { ModelsService } from '#src/artifacts/models.service.js';
import type { AuthContext } from '#src/auth/auth.js';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page } from '#src/common/pagination.js';
import { conflict, notFound, unprocessable } from '#src/common/problem.js';
import { Database, type Transaction } from '#src/database/database.js';
import { brokenUnique } from '#src/database/errors.js';
import type { CurveEntryDto, CurveQuery } from '#src/jobs/curves.dto.js';
import { CurvesService } from '#src/jobs/curves.service.js';
import { JobsService } from '#src/jobs/jobs.service.js';
import { UploadedModelsService } from '#src/policies/uploaded-models.service.js';
import type { ExpectedAnswers } from '#src/rl/plan/expected-answers.js';
import { completeReward, type GivenHyperparameters, type RewardHyperparameters } from '#src/rl/methods/reward.js';
import { RewardInputs, type RewardModelRequest, type RewardRequest } from './reward-inputs.js';
import type { RewardEvaluation } from '../evaluation/reward-evaluation.js';
import type { RewardModel, RewardModelMember } from './reward-model.entity.js';
import { memberDto, type RewardModelMemberDto } from './reward-model-members.dto.js';
import { RewardModelMembersRepository } from './reward-model-members.repository.js';
import type { RewardModelsQuery, UploadRewardModelDto } from './reward-models.dto.js';
import { RewardModelsRepository } from './reward-models.repository.js';
import { RewardPlansService } from './reward-plans.service.js';
import type { TrainingPlanDto } from './training-plan.dto.js';

export type { GivenHyperparameters };

@Injectable()
export class RewardModelsService {
  constructor(
    private readonly database: Database,
    private readonly rewardModels: RewardModelsRepository,
    private readonly membersOf: RewardModelMembersRepository,
    private readonly inputs: RewardInputs,
    private readonly plans: RewardPlansService,
    private readonly uploads: UploadedModelsService,
    private readonly models: ModelsService,
    private readonly lineage: LineageService,
    private readonly jobs: JobsService,
    private readonly curves: CurvesService,
  ) {}

  /**
   * @throws ProblemException 422 `training_does_not_fit` and those of `RewardInputs`; 409 `reward_model_exists`
   */
  async create(auth: AuthContext, dto: RewardModelRequest): Promise<RewardModel> {
    await this.inputs.check(dto);
    const hyperparameters = await this.plans.settle(dto);
    return this.named(dto.name, (tx) => this.start(tx, auth, dto, hyperparameters));
  }

  /**
   * Creates a reward model from uploaded files, trained elsewhere. It can score at once.
   *
   * @throws ProblemException 409 `reward_model_exists`; 422 `max_tokens_impossible` and those of `UploadedModelsService.read`
   */
  async upload({ name, files: given, maxTokens }: UploadRewardModelDto): Promise<RewardModel> {
    const { files, info, positions } = await this.uploads.read(given, 'reward');
    if (maxTokens !== undefined && maxTokens > positions) {
      throw unprocessable('max_tokens_impossible', '/maxTokens', 'max', `the model reads at most ${positions} tokens`, maxTokens);
    }
    return this.named(name, async (tx) => {
      const model = await this.models.saveUploaded(tx, files, info);
      const id = newId();
      const row = { id, name, origin: 'uploaded', modelId: model.id, maxTokens: maxTokens ?? positions } as const;
      const rewardModel = await this.rewardModels.insert(tx, row);
      await this.lineage.link(tx, { type: 'model', id: model.id }, { type: 'reward_model', id }, 'weights');
      return rewardModel;
    });
  }

  private async named(name: string, insert: (tx: Transaction) => Promise<RewardModel>): Promise<RewardModel> {
    try {
      return await this.database.transaction(insert);
    } catch (error) {
      if (!brokenUnique(error)) throw error;
      const existing = await this.rewardModels.findByName(name);
      throw conflict('reward_model_exists', `reward model ${existing?.id} already has this name`, [
        { pointer: '/name', rule: 'unique', message: `taken by reward model ${existing?.id}`, value: name },
      ]);
    }
  }

  /** What `create` would take. @throws as `create`, but for the name and the fit */
  async plan(dto: RewardRequest): Promise<TrainingPlanDto> {
    await this.inputs.check(dto);
    return this.plans.plan(dto);
  }

  /**
   * Checks settings without data, for a training whose data comes later.
   *
   * @throws ProblemException 422 `training_does_not_fit` and those of `RewardInputs.requirePossible`
   */
  async checkAhead(basePolicyVersionId: string, given: GivenHyperparameters, answers: ExpectedAnswers): Promise<void> {
    const hyperparameters = completeReward(given);
    await this.inputs.requirePossible(basePolicyVersionId, hyperparameters);
    await this.plans.requireFitAhead(basePolicyVersionId, given, answers);
  }

  /** @throws ProblemException as `RewardInputs.requireLearnable` */
  requireLearnable(pairSetId: string, hyperparameters: GivenHyperparameters): Promise<void> {
    return this.inputs.requireLearnable(pairSetId, completeReward(hyperparameters));
  }

  find(id: string): Promise<RewardModel | null> {
    return this.rewardModels.find(id);
  }

  async get(id: string): Promise<RewardModel> {
    const rewardModel = await this.find(id);
    if (!rewardModel) throw notFound('reward_model', id);
    return rewardModel;
  }

  /** With weights: trained here, or uploaded and then without an evaluation. @throws ProblemException 409 `reward_model_not_trained`, `reward_model_failed` */
  async getTrained(id: string): Promise<RewardModel & { modelId: string }> {
    const rewardModel = await this.get(id);
    const { modelId, jobId } = rewardModel;
    if (modelId !== null) return { ...rewardModel, modelId };
    throw await this.jobs.whyNot('reward_model', id, jobId, 'reward_model_not_trained');
  }

  async list(query: RewardModelsQuery): Promise<Page<RewardModel>> {
    const request = pageRequest(query);
    return toPage(await this.rewardModels.page(request, query), request, (rewardModel) => rewardModel.id);
  }

  /** Per training step; empty until the first. @throws ProblemException 422 `step_range_empty` */
  async metrics(id: string, query: CurveQuery): Promise<Page<CurveEntryDto>> {
    const { jobId } = await this.get(id);
    return jobId === null ? { data: [], nextCursor: null, hasMore: false } : this.curves.page(jobId, query);
  }

  /** Those that are trained, in order. An uploaded model has none. */
  trainedMembers(id: string): Promise<RewardModelMember[]> {
    return this.membersOf.of(id);
  }

  /** As `trainedMembers`. */
  async members(id: string): Promise<Page<RewardModelMemberDto>> {
    await this.get(id);
    return { data: (await this.trainedMembers(id)).map(memberDto), nextCursor: null, hasMore: false };
  }

  /** One evaluation when trained, none before. */
  async evaluations(id: string): Promise<Page<RewardEvaluation>> {
    const { evaluation } = await this.get(id);
    return { data: evaluation ? [evaluation] : [], nextCursor: null, hasMore: false };
  }

  private async start(tx: Transaction, auth: AuthContext, dto: RewardModelRequest, hyperparameters: RewardHyperparameters): Promise<RewardModel> {
    const { name, pairSetId, basePolicyVersionId } = dto;
    const id = newId();
    const job = await this.jobs.enqueue(tx, {
      type: 'reward-model.train',
      payload: { rewardModelId: id },
      resultRef: { type: 'reward_model', id },
      auth,
    });
    const row = { id, jobId: job.id, name, origin: 'trained' as const, pairSetId, basePolicyVersionId, hyperparameters };
    const rewardModel = await this.rewardModels.insert(tx, row);
    const child = { type: 'reward_model', id } as const;
    await this.lineage.link(tx, { type: 'pair_set', id: pairSetId }, child, 'trained_on');
    await this.lineage.link(tx, { type: 'policy_version', id: basePolicyVersionId }, child, 'base');
    return rewardModel;
  }
}
