import { Injectable } from '@nestjs/common';
import type { AuthContext } from '#src/auth/auth.js';
import { LineageService } from '#src/artifacts/lineage.service.js';
import { newId } from '#src/common/id.js';
import { pageRequest, toPage, type Page, type PageQuery } from '#src/common/pagination.js';
import { notFound, unprocessable } from '#src/common/problem.js';
import { Database } from '#src/database/database.js';
import { JobsService } from '#src/jobs/jobs.service.js';
import { familyOf } from '#src/lm/model/families.js';
import { takesFewerBits, type WeightFormat } from '#src/lm/files/weight-formats.js';
import type { PolicyVersion } from '#src/policies/policy.entity.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { PromptSetsService } from '#src/prompts/prompt-sets.service.js';
import type { CompletionBatch, CompletionFailure } from './completion-batch.entity.js';
import type { CompletionBatchQuery, CreateCompletionBatchDto } from './completion-batches.dto.js';
import { CompletionBatchesRepository } from './completion-batches.repository.js';
import { defaultMaxFailedShare } from './completion-source.js';
import { withDefaults } from './sampling.dto.js';

@Injectable()
export class CompletionBatchesService {
  constructor(
    private readonly database: Database,
    private readonly jobs: JobsService,
    private readonly batches: CompletionBatchesRepository,
    private readonly versions: PolicyVersionsService,
    private readonly promptSets: PromptSetsService,
    private readonly lineage: LineageService,
  ) {}

  /**
   * Starts the job that lets the policy answer.
   *
   * @throws ProblemException 422 `unknown_policy_version`, `unknown_prompt_set`, `weights_format_impossible`
   */
  async create(auth: AuthContext, dto: CreateCompletionBatchDto): Promise<CompletionBatch & { jobId: string }> {
    const { policyVersionId, promptSetId, weights = 'f32', maxFailedShare = defaultMaxFailedShare } = dto;
    const version = await this.versions.find(policyVersionId);
    if (!version) {
      throw unprocessable('unknown_policy_version', '/policyVersionId', 'exists', 'no policy version has this id', policyVersionId);
    }
    if (!(await this.promptSets.find(promptSetId))) {
      throw unprocessable('unknown_prompt_set', '/promptSetId', 'exists', 'no prompt set has this id', promptSetId);
    }
    if (weights !== 'f32') await this.requireFewerBits(version, weights);
    const id = newId();
    return this.database.transaction(async (tx) => {
      const node = { type: 'completion_batch', id } as const;
      const payload = { completionBatchId: id };
      const job = await this.jobs.enqueue(tx, { type: 'completion-batch.generate', payload, resultRef: node, auth });
      const sampling = withDefaults(dto.sampling);
      const row = { id, jobId: job.id, policyVersionId, promptSetId, sampling, weights, maxFailedShare, completionCount: 0, failedCount: 0 };
      const batch = await this.batches.insert(tx, row);
      await this.lineage.link(tx, { type: 'policy_version', id: policyVersionId }, node, 'policy');
      await this.lineage.link(tx, { type: 'prompt_set', id: promptSetId }, node, 'prompts');
      return { ...batch, jobId: job.id };
    });
  }

  private async requireFewerBits({ id, modelId }: PolicyVersion, weights: WeightFormat): Promise<void> {
    const refuse = (why: string) => unprocessable('weights_format_impossible', '/weights', 'weightsFormat', why, weights);
    if (modelId === null) throw refuse('weights must be f32 for an endpoint');
    const config = await this.versions.loadConfig(id);
    if (!takesFewerBits(config)) throw refuse(`weights must be f32 for models of type ${familyOf(config).modelType}: their linear layers cannot be quantized`);
  }

  async get(id: string): Promise<CompletionBatch> {
    const batch = await this.batches.find(id);
    if (!batch) throw notFound('completion_batch', id);
    return batch;
  }

  /** Prompts without completions, by their ids. */
  async listFailures(id: string, query: PageQuery): Promise<Page<Omit<CompletionFailure, 'batchId'>>> {
    await this.get(id);
    const request = pageRequest(query);
    const page = toPage(await this.batches.pageFailures(id, request), request, (failure) => failure.promptId);
    return { ...page, data: page.data.map(({ batchId: _, ...failure }) => failure) };
  }

  async list(query: CompletionBatchQuery): Promise<Page<CompletionBatch>> {
    const request = pageRequest(query);
    return toPage(await this.batches.page(query, request), request, (batch) => batch.id);
  }
}
