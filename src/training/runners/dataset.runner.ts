import { Injectable } from '@nestjs/common';
import { JobFailure } from '#src/jobs/job-failure.js';
import { PreferenceDataService } from '#src/reward/data/preference-data.service.js';
import type { PreferenceGroup } from '#src/rl/batch/preference-groups.js';
import type { Split } from '#src/pairs/pair-set-config.js';
import { RatedDataRepository } from '../inputs/rated-data.repository.js';
import { datasetMethod, type DatasetSummary, type RatedData, type RecordedMethod, type SummaryOf } from '../methods/training-methods.js';
import type { RunOf, TrainingRun } from '../runs/training-run.entity.js';
import type { RunInputs, TrainedRun } from './method-runner.js';

interface Splits {
  train: PreferenceGroup[];
  evaluation: PreferenceGroup[];
  /** Which split `evaluation` is: `train` when no prompts are kept from training. */
  split: 'eval' | 'train';
  /** Data figures of the summary. */
  facts: object;
}

/** Runs of the methods that learn from recorded completions. */
@Injectable()
export class DatasetRunner {
  constructor(
    private readonly preferences: PreferenceDataService,
    private readonly rated: RatedDataRepository,
  ) {}

  async train(run: RunOf<RecordedMethod>, { record, context, ...inputs }: RunInputs): Promise<TrainedRun<SummaryOf[RecordedMethod]>> {
    const method = datasetMethod(run.method);
    const { split, facts, ...data } = await this.read(run);
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
      summary: { ...common, ...method.summarize(result), ...facts } as SummaryOf[RecordedMethod],
      verdict: method.audit({ steps: metrics, before, after, heldOut: split === 'eval', stopped, shortened: (truncated + dropped) / completions }),
    };
  }

  private read(run: TrainingRun): Promise<Splits> {
    const { id, pairSetId, ratings } = run;
    if (ratings) return this.readRated(id, ratings);
    if (pairSetId === null) throw new JobFailure('pair_set_missing', 'this run has no pair set');
    return splitsOf((split) => this.preferences.groups(pairSetId, split, 0));
  }

  private async readRated(id: string, ratings: RatedData): Promise<Splits> {
    const counts = await this.rated.countsOfRun(id, ratings);
    const undecided = counts.reduce((total, row) => total + row.undecided, 0);
    const groups = async (split: Split) => (await this.rated.groupsOfRun(id, ratings, split)).map((group) => ({ ...group, pairs: [] }));
    return { ...(await splitsOf(groups)), facts: { undecided } };
  }
}

async function splitsOf(groups: (split: Split) => Promise<PreferenceGroup[]>): Promise<Splits> {
  const [train, unseen] = [await groups('train'), await groups('eval')];
  const facts = {};
  return unseen.length > 0 ? { train, evaluation: unseen, split: 'eval', facts } : { train, evaluation: train, split: 'train', facts };
}
