import { Injectable } from '@nestjs/common';
import { JobFailure } from '#src/jobs/job-failure.js';
import { PreferenceDataRepository, type StoredGroup } from '#src/reward/data/preference-data.repository.js';
import { datasetMethod, type DatasetSummary, type RecordedMethod, type SummaryOf } from '../methods/training-methods.js';
import type { RunOf, TrainingRun } from '../runs/training-run.entity.js';
import type { RunInputs, TrainedRun } from './method-runner.js';

interface Splits {
  train: StoredGroup[];
  evaluation: StoredGroup[];
  /** Which split `evaluation` is: `train` when no prompts are kept from training. */
  split: 'eval' | 'train';
}

/** Runs of the methods that learn from recorded completions. */
@Injectable()
export class DatasetRunner {
  constructor(private readonly preferences: PreferenceDataRepository) {}

  async train(run: RunOf<RecordedMethod>, { record, context, ...inputs }: RunInputs): Promise<TrainedRun<SummaryOf[RecordedMethod]>> {
    const method = datasetMethod(run.method);
    const { split, ...data } = await this.read(run);
    context.phase('training');
    const result = await method.train({
      ...inputs,
      ...data,
      hyperparameters: run.hyperparameters,
      onStep: (report) => record(report, report.totalSteps),
      signal: context.signal,
      abandoned: context.abandoned,
    });
    const { checkpoint, adapter, stopped, metrics, before, after, completions, truncated, dropped } = result;
    const common: DatasetSummary = { steps: metrics.length, stopped: stopped ?? null, split, lossBefore: before.loss, lossAfter: after.loss, truncated, dropped };
    return {
      checkpoint,
      adapter,
      stopped,
      metrics,
      summary: { ...common, ...method.summarize(result) } as SummaryOf[RecordedMethod],
      verdict: method.audit({ steps: metrics, before, after, heldOut: split === 'eval', stopped, shortened: (truncated + dropped) / completions }),
    };
  }

  private async read({ pairSetId }: TrainingRun): Promise<Splits> {
    if (pairSetId === null) throw new JobFailure('pair_set_missing', 'this run has no pair set');
    const [train, unseen] = [await this.preferences.groups(pairSetId, 'train', 0), await this.preferences.groups(pairSetId, 'eval', 0)];
    return unseen.length > 0 ? { train, evaluation: unseen, split: 'eval' } : { train, evaluation: train, split: 'train' };
  }
}
