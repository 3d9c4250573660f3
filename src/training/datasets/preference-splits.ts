import { Injectable } from '@nestjs/common';
import { JobFailure } from '#src/jobs/job-failure.js';
import { PreferenceDataRepository, type StoredGroup } from '#src/reward/models/preference-data.repository.js';
import type { RunInputs } from '../method-runner.js';
import type { TrainingRun } from '../training-run.entity.js';
import type { DatasetTask } from '#src/rl/datasets/dataset-trainer.js';

export interface PreferenceSplits {
  train: StoredGroup[];
  evaluation: StoredGroup[];
  /** Which split `evaluation` is: `train` when the pair set keeps no prompts from training. */
  split: 'eval' | 'train';
}

/** The pairs that a run learns, and those that it is measured on. */
@Injectable()
export class PreferenceSplitsReader {
  constructor(private readonly preferences: PreferenceDataRepository) {}

  async read({ pairSetId }: TrainingRun): Promise<PreferenceSplits> {
    if (pairSetId === null) throw new JobFailure('pair_set_missing', 'this run has no pair set');
    const [train, unseen] = [await this.preferences.groups(pairSetId, 'train', 0), await this.preferences.groups(pairSetId, 'eval', 0)];
    return unseen.length > 0 ? { train, evaluation: unseen, split: 'eval' } : { train, evaluation: train, split: 'train' };
  }
}

/** What a trainer on recorded completions is given, but for its hyperparameters. */
export function datasetTask({ record, context, ...task }: RunInputs, { train, evaluation }: PreferenceSplits): Omit<DatasetTask, 'hyperparameters'> & Omit<PreferenceSplits, 'split'> {
  return { ...task, train, evaluation, onStep: (report) => record(report, report.totalSteps), signal: context.signal, abandoned: context.abandoned };
}
