// Stores checkpoints of a run: contents first, then rows; then expired checkpoints are deleted. A step
// that is done again after a crash stores the same bits, so that nothing is there twice.
import { judgeOf } from '../methods/training-methods.js';
import { Injectable } from '@nestjs/common';
import { AdapterFilesService } from '#src/artifacts/adapter-files.service.js';
import { ArtifactsService } from '#src/artifacts/artifacts.service.js';
import { ModelsService } from '#src/artifacts/models.service.js';
import type { Transaction } from '#src/database/database.js';
import type { JobContext } from '#src/jobs/job-handler.js';
import { modelInfo } from '#src/policies/uploaded-model.js';
import type { TrainedWeights } from '#src/rl/policy/policy-weights.js';
import type { TrainingRun } from '../runs/training-run.entity.js';
import { stepsToDrop } from '#src/rl/checkpoints.js';
import type { TrainingCheckpoint } from './training-checkpoint.entity.js';
import { TrainingCheckpointsRepository } from './training-checkpoints.repository.js';

/** In the store and not yet in a row. */
export type StoredWeights = (tx: Transaction) => Promise<void>;

@Injectable()
export class CheckpointKeeper {
  constructor(
    private readonly models: ModelsService,
    private readonly artifacts: ArtifactsService,
    private readonly adapters: AdapterFilesService,
    private readonly rows: TrainingCheckpointsRepository,
  ) {}

  /** Stores the weights after a step, and deletes what the run's settings no longer keep. */
  async keep(run: TrainingRun, step: number, weights: TrainedWeights, evaluation: number | null, context: JobContext): Promise<void> {
    const register = await this.store(run, step, weights, evaluation);
    const unnamed = await context.commit(async (tx) => {
      await register(tx);
      return this.retain(tx, run);
    });
    await this.artifacts.removeContents(unnamed);
  }

  /** The slow half of `keep`; what it gives is the other one, for the caller's transaction. */
  async store(run: TrainingRun, step: number, { checkpoint, adapter }: TrainedWeights, evaluation: number | null): Promise<StoredWeights> {
    const files = await this.models.storeCheckpoint(checkpoint);
    const folder = adapter ? await this.adapters.store(adapter, run.policyVersionId) : undefined;
    return async (tx) => {
      const model = await this.models.saveStored(tx, files, modelInfo(checkpoint.config));
      const known = (await this.rows.list(run.id, tx)).find((row) => row.step === step);
      await this.rows.put(tx, {
        trainingRunId: run.id,
        step,
        modelId: model.id,
        adapter: known?.adapter ?? (folder ? await this.adapters.register(tx, { type: 'training_run', id: run.id }, folder) : null),
        metric: evaluation === null ? null : judgeOf(run.method).metric,
        metricValue: evaluation,
      });
    };
  }

  /** Deletes checkpoints that the settings no longer keep or that came after `lastGoodStep`. Returns unreferenced contents. */
  async retain(tx: Transaction, run: TrainingRun, lastGoodStep = Infinity): Promise<string[]> {
    const rows = await this.rows.list(run.id, tx);
    const good = rows.filter(({ step }) => step <= lastGoodStep);
    const steps = new Set([
      ...rows.filter(({ step }) => step > lastGoodStep).map(({ step }) => step),
      ...stepsToDrop(good, run.hyperparameters.keepCheckpoints, judgeOf(run.method)),
    ]);
    await this.rows.remove(tx, run.id, [...steps]);
    const contents: string[] = [];
    for (const row of rows.filter(({ step }) => steps.has(step))) contents.push(...(await this.forget(tx, row)));
    return contents;
  }

  private async forget(tx: Transaction, { modelId, adapter }: TrainingCheckpoint): Promise<string[]> {
    const ofModel = await this.models.forget(tx, modelId);
    const ofAdapter = await this.artifacts.forget(tx, (adapter ?? []).map(({ artifactId }) => artifactId));
    return [...ofModel, ...ofAdapter];
  }
}
