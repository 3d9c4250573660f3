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
import { type RolloutHyperparameters } from './rollout-hyperparameters.js';
import { RolloutInputsService, type RunSources } from './rollout-inputs.service.js';
import type { RewardSource } from './rewards/reward-sources.js';
import { TrainingInputs } from './training-inputs.js';
import { completeFor } from './training-methods.js';
import type { TrainingRun } from './training-run.entity.js';
import type {
  CreateTrainingRun,
  TrainingSampleDto,
  TrainingSamplesQuery,
} from './training-runs.dto.js';
import { sampleOrdinal, TrainingRunsRepository } from './training-runs.repository.js';

@Injectable()
export class TrainingRunsService {
  constructor(
    private readonly database: Database,
    private readonly runs: TrainingRunsRepository,
    private readonly inputs: TrainingInputs,
    private readonly rollouts: RolloutInputsService,
    private readonly lineage: LineageService,
    private readonly jobs: JobsService,
  ) {}

  /**
   * @throws ProblemException 422 `unknown_policy_version`, `policy_version_without_weights`, `unknown_reward_model`,
   *   `unknown_prompt_set`, `unknown_pair_set`, `pair_set_empty`; 409 `reward_model_not_trained`, `pair_set_not_ready`;
   *   and as `RolloutInputsService.resolve`
   */
  async create(auth: AuthContext, dto: CreateTrainingRun): Promise<TrainingRun> {
    await this.inputs.requireWeights(dto.policyVersionId, '/policyVersionId');
    const hyperparameters = hyperparametersOf(dto);
    const sources = 'pairSetId' in dto ? await this.datasetSources(dto) : await this.rollouts.resolve(dto, hyperparameters as RolloutHyperparameters);
    return this.database.transaction((tx) => this.start(tx, auth, dto, { ...sources, hyperparameters }));
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

  private async datasetSources({ pairSetId }: { pairSetId: string }): Promise<RunSources> {
    await this.inputs.requirePairs(pairSetId, '/pairSetId');
    return { rewardModelId: null, rewards: null, promptSetId: null, pairSetId };
  }

  private async start(tx: Transaction, auth: AuthContext, dto: CreateTrainingRun, inputs: RunInputs): Promise<TrainingRun> {
    const { method, policyVersionId } = dto;
    const id = newId();
    const node = { type: 'training_run', id } as const;
    const payload = { trainingRunId: id };
    const job = await this.jobs.enqueue(tx, { type: 'training-run.train', payload, resultRef: node, auth });
    const run = await this.runs.insert(tx, { id, jobId: job.id, method, policyVersionId, ...inputs });
    await this.lineage.link(tx, { type: 'policy_version', id: policyVersionId }, node, 'policy');
    const { rewards, promptSetId, pairSetId } = inputs;
    for (const rewardModelId of rewardModelsOf(rewards ?? [])) {
      await this.lineage.link(tx, { type: 'reward_model', id: rewardModelId }, node, 'reward');
    }
    if (promptSetId) await this.lineage.link(tx, { type: 'prompt_set', id: promptSetId }, node, 'prompts');
    if (pairSetId) await this.lineage.link(tx, { type: 'pair_set', id: pairSetId }, node, 'trained_on');
    return run;
  }
}

type RunInputs = RunSources & Pick<TrainingRun, 'hyperparameters'>;

function rewardModelsOf(rewards: readonly RewardSource[]): string[] {
  return [...new Set(rewards.flatMap((source) => (source.type === 'reward-model' ? [source.rewardModelId] : [])))];
}

function hyperparametersOf(dto: CreateTrainingRun): TrainingRun['hyperparameters'] {
  switch (dto.method) {
    case 'sft':
      return completeFor.sft(dto.hyperparameters ?? {});
    case 'dpo':
      return completeFor.dpo(dto.hyperparameters ?? {});
    case 'grpo':
      return completeFor.grpo(dto.hyperparameters ?? {});
    case 'rloo':
      return completeFor.rloo(dto.hyperparameters ?? {});
    case 'ppo':
      return completeFor.ppo(dto.hyperparameters ?? {});
  }
}
