// Checkpoints of runs for those who decide: what there is, how good it was, and any of it as a policy version.
import { judgeOf } from '../methods/training-methods.js';
import { Injectable } from '@nestjs/common';
import { pageRequest, toPage, type Page, type PageQuery } from '#src/common/pagination.js';
import { conflict, notFound } from '#src/common/problem.js';
import { Database, type Transaction } from '#src/database/database.js';
import type { PolicyVersion } from '#src/policies/policy.entity.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import type { TrainingRun } from '../runs/training-run.entity.js';
import { TrainingRunsRepository } from '../runs/training-runs.repository.js';
import { bestStep } from '#src/rl/checkpoints.js';
import type { TrainingCheckpoint } from './training-checkpoint.entity.js';
import type { TrainingCheckpointDto } from './training-checkpoints.dto.js';
import { TrainingCheckpointsRepository } from './training-checkpoints.repository.js';

@Injectable()
export class TrainingCheckpointsService {
  constructor(
    private readonly database: Database,
    private readonly runs: TrainingRunsRepository,
    private readonly rows: TrainingCheckpointsRepository,
    private readonly versions: PolicyVersionsService,
  ) {}

  async list(runId: string, query: PageQuery): Promise<Page<TrainingCheckpointDto>> {
    const run = await this.run(runId);
    const request = pageRequest(query, 'ordinal');
    const best = bestStep(await this.rows.list(runId), judgeOf(run.method));
    const page = toPage(await this.rows.page(runId, Number(request.after ?? -1), request.limit), request, ({ step }) => step);
    return { ...page, data: page.data.map(({ trainingRunId: _, ...row }) => ({ ...row, best: row.step === best })) };
  }

  /**
   * Makes a checkpoint the next version of its policy, also of a run that goes on or that diverged; asked again it
   * answers with the same version.
   *
   * @throws ProblemException 404 `training_checkpoint_not_found`; 409 `training_checkpoint_dropped` when retention was faster
   */
  async promote(runId: string, step: number): Promise<PolicyVersion> {
    const run = await this.run(runId);
    return this.database.transaction(async (tx) => {
      const row = await this.rows.lock(tx, runId, step);
      if (row) return this.promoteRow(tx, run, row);
      const later = (await this.rows.list(runId, tx)).some((other) => other.step > step);
      if (later) throw conflict('training_checkpoint_dropped', `the run no longer keeps the checkpoint of step ${step}`);
      throw notFound('training_checkpoint', `${runId}/${step}`);
    });
  }

  /** The weights to keep by the settings, among those up to a step; null: no step was taken. */
  async promoteResult(tx: Transaction, run: TrainingRun, lastStep: number): Promise<PolicyVersion | null> {
    const rows = (await this.rows.list(run.id, tx)).filter(({ step }) => step <= lastStep);
    const step = (run.hyperparameters.keep === 'best' ? bestStep(rows, judgeOf(run.method)) : undefined) ?? lastStep;
    const row = rows.find((candidate) => candidate.step === step);
    return row ? this.promoteRow(tx, run, row) : null;
  }

  private async promoteRow(tx: Transaction, run: TrainingRun, { step, modelId, policyVersionId }: TrainingCheckpoint): Promise<PolicyVersion> {
    if (policyVersionId !== null) return this.versions.get(policyVersionId, tx);
    const trained = { parentVersionId: run.policyVersionId, modelId, trainingRunId: run.id };
    const version = await this.versions.createTrainedVersion(tx, trained);
    await this.rows.promoted(tx, run.id, step, version.id);
    return version;
  }

  private async run(id: string): Promise<TrainingRun> {
    const run = await this.runs.find(id);
    if (!run) throw notFound('training_run', id);
    return run;
  }
}
