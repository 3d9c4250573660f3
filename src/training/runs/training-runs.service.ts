// Step 5 of the loop: the reward model's scores fine-tune the policy. The training is a job; this file starts it
// and answers questions about what came out.
import { Injectable } from '@nestjs/common';
import { LineageService } from '#src/artifacts/lineage.service.js';
import type { AuthContext } from '#src/auth/auth.js';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page, type PageQuery } from '#src/common/pagination.js';
import { notFound } from '#src/common/problem.js';
import { Database, type Transaction } from '#src/database/database.js';
import { JobsService } from '#src/jobs/jobs.service.js';
import { type DatasetHyperparameters, type RolloutHyperparameters } from '#src/rl/settings.js';
import { RolloutInputsService } from '../inputs/rollout-inputs.service.js';
import type { ExpectedAnswers } from '#src/rl/plan/expected-answers.js';
import type { RewardSource } from '../rewards/reward-sources.js';
import { requirePossibleCheckpoints, TrainingInputs } from '../inputs/training-inputs.js';
import { DatasetInputsService } from '../inputs/dataset-inputs.service.js';
import type { TrainingRunPlanDto } from '../plans/training-run-plan.dto.js';
import { TrainingRunPlansService, type RunAhead } from '../plans/training-run-plans.service.js';
import { RatedDataRepository } from '../inputs/rated-data.repository.js';
import type { RatedDataDto } from '../methods/kto.dto.js';
import { completeFor, type CreateTrainingRun, type PairedMethod, type PlannedRun, type RatedData, type RunSources } from '../methods/training-methods.js';
import type { TrainingRun } from './training-run.entity.js';
import type { TrainingSampleDto, TrainingSamplesQuery } from './training-runs.dto.js';
import { sampleOrdinal, TrainingRunsRepository } from './training-runs.repository.js';

/** A run as it is asked for, whose data comes later; the settings are those of its method. */
export type RunGivenAhead = Omit<RunAhead, 'hyperparameters' | 'choosesMicroBatch'> & { hyperparameters: object };

@Injectable()
export class TrainingRunsService {
  constructor(
    private readonly database: Database,
    private readonly runs: TrainingRunsRepository,
    private readonly inputs: TrainingInputs,
    private readonly datasets: DatasetInputsService,
    private readonly rollouts: RolloutInputsService,
    private readonly rated: RatedDataRepository,
    private readonly plans: TrainingRunPlansService,
    private readonly lineage: LineageService,
    private readonly jobs: JobsService,
  ) {}

  /**
   * @throws ProblemException 422 `unknown_policy_version`, `policy_version_without_weights`, `unknown_reward_model`,
   *   `unknown_prompt_set`, `unknown_pair_set`, `pair_set_empty`; 409 `reward_model_not_trained`, `pair_set_not_ready`;
   *   and as `DatasetInputsService.resolve`, `RolloutInputsService.resolve`, `requirePossibleCheckpoints`,
   *   `TrainingRunPlansService.settle`, which knows `no_training_data` and `prompt_too_long` too
   */
  async create(auth: AuthContext, dto: CreateTrainingRun): Promise<TrainingRun> {
    const run = await this.plans.settle(await this.prepare(dto));
    return this.database.transaction((tx) => this.start(tx, auth, run));
  }

  /** What `create` would take. @throws as `create`, but for the fit */
  async plan(dto: CreateTrainingRun): Promise<TrainingRunPlanDto> {
    return this.plans.plan(await this.prepare(dto));
  }

  /**
   * Checks settings without data, for a training whose data comes later.
   *
   * @throws ProblemException 422 as `DatasetInputsService.requirePossible`, `RolloutInputsService.requirePossible`,
   *   `requirePossibleCheckpoints`, `TrainingRunPlansService.requireFitAhead`
   */
  async checkAhead({ hyperparameters: given, ...run }: RunGivenAhead, answers: ExpectedAnswers): Promise<void> {
    const { method, policyVersionId } = run;
    const hyperparameters = completeFor(method, given);
    if ('steps' in hyperparameters) await this.rollouts.requirePossible(policyVersionId, hyperparameters);
    else await this.datasets.requirePossible(policyVersionId, hyperparameters);
    requirePossibleCheckpoints(hyperparameters, plannedSteps(hyperparameters), method);
    await this.plans.requireFitAhead({ ...run, hyperparameters, choosesMicroBatch: choosesMicroBatch(given) }, answers);
  }

  /** Of a method that learns from pairs. @throws ProblemException as `DatasetInputsService.requireLearnable` */
  requireLearnable(pairSetId: string, method: PairedMethod, hyperparameters: object): Promise<void> {
    return this.datasets.requireLearnable(pairSetId, completeFor(method, hyperparameters));
  }

  /** Of `kto`. @throws ProblemException as `DatasetInputsService.resolveRatings` */
  async requireRated(policyVersionId: string, ratings: RatedDataDto, hyperparameters: object): Promise<void> {
    await this.datasets.resolveRatings({ policyVersionId, ratings }, completeFor('kto', hyperparameters) as DatasetHyperparameters);
  }

  async get(id: string): Promise<TrainingRun> {
    const run = await this.runs.find(id);
    if (!run) throw notFound('training_run', id);
    return run;
  }

  async list(query: PageQuery): Promise<Page<TrainingRun>> {
    const request = pageRequest(query);
    return toPage(await this.runs.page(request), request, (run) => run.id);
  }

  async listSamples(id: string, query: TrainingSamplesQuery): Promise<Page<TrainingSampleDto>> {
    await this.get(id);
    const request = pageRequest(query, 'ordinal');
    const page = toPage(await this.runs.pageSamples(id, query.step, request), request, sampleOrdinal);
    return { ...page, data: page.data.map(({ trainingRunId: _, ...sample }) => sample) };
  }

  /** Checks all that a request names and says. */
  private async prepare(dto: CreateTrainingRun): Promise<PlannedRun> {
    const { method, policyVersionId } = dto;
    await this.inputs.requireWeights(policyVersionId, '/policyVersionId');
    const hyperparameters = completeFor(method, dto.hyperparameters ?? {});
    const sources = await this.resolve(dto, hyperparameters);
    requirePossibleCheckpoints(hyperparameters, plannedSteps(hyperparameters), method);
    return { method, policyVersionId, ...sources, hyperparameters, choosesMicroBatch: choosesMicroBatch(dto.hyperparameters) };
  }

  private resolve(dto: CreateTrainingRun, hyperparameters: TrainingRun['hyperparameters']): Promise<RunSources> {
    if ('pairSetId' in dto) return this.datasets.resolve(dto, hyperparameters as DatasetHyperparameters);
    if ('ratings' in dto) return this.datasets.resolveRatings(dto, hyperparameters as DatasetHyperparameters);
    return this.rollouts.resolve(dto, hyperparameters as RolloutHyperparameters);
  }

  private async start(tx: Transaction, auth: AuthContext, planned: Omit<PlannedRun, 'choosesMicroBatch'>): Promise<TrainingRun> {
    const { policyVersionId } = planned;
    const id = newId();
    const node = { type: 'training_run', id } as const;
    const payload = { trainingRunId: id };
    const job = await this.jobs.enqueue(tx, { type: 'training-run.train', payload, resultRef: node, auth });
    const run = await this.runs.insert(tx, { id, jobId: job.id, ...planned });
    await this.lineage.link(tx, { type: 'policy_version', id: policyVersionId }, node, 'policy');
    const { rewards, promptSetId, evaluationPromptSetId, pairSetId, ratings } = planned;
    for (const rewardModelId of rewardModelsOf(rewards ?? [])) {
      await this.lineage.link(tx, { type: 'reward_model', id: rewardModelId }, node, 'reward');
    }
    if (promptSetId) await this.lineage.link(tx, { type: 'prompt_set', id: promptSetId }, node, 'prompts');
    if (evaluationPromptSetId) await this.lineage.link(tx, { type: 'prompt_set', id: evaluationPromptSetId }, node, 'evaluation_prompts');
    if (pairSetId) await this.lineage.link(tx, { type: 'pair_set', id: pairSetId }, node, 'trained_on');
    if (ratings) await this.startOnRatings(tx, node, ratings);
    return run;
  }

  /** From here on the run has its ratings, whatever is rated or corrected later. */
  private async startOnRatings(tx: Transaction, node: { type: 'training_run'; id: string }, ratings: RatedData): Promise<void> {
    const { criterionVersionId, promptSetId, completionBatchId } = ratings;
    await this.rated.record(tx, node.id, ratings);
    await this.lineage.link(tx, { type: 'criterion_version', id: criterionVersionId }, node, 'criterion');
    if (promptSetId) await this.lineage.link(tx, { type: 'prompt_set', id: promptSetId }, node, 'prompts');
    if (completionBatchId) await this.lineage.link(tx, { type: 'completion_batch', id: completionBatchId }, node, 'completions');
  }
}

function rewardModelsOf(rewards: readonly RewardSource[]): string[] {
  return [...new Set(rewards.flatMap((source) => (source.type === 'reward-model' ? [source.rewardModelId] : [])))];
}

const choosesMicroBatch = (given: { microBatchTokens?: number | null } = {}): boolean => given.microBatchTokens === undefined;

/** Null where only the data tells. */
const plannedSteps = (hyperparameters: TrainingRun['hyperparameters']): number | null =>
  'steps' in hyperparameters ? hyperparameters.steps : hyperparameters.maxSteps;
