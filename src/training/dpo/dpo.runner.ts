import { Injectable } from '@nestjs/common';
import { trainDpo } from './dpo-trainer.js';
import type { MethodRunner, RunInputs, TrainedRun } from '../method-runner.js';
import { PreferenceSplitsReader } from '../datasets/preference-splits.js';
import type { DpoSummary } from '../training-methods.js';
import type { RunOf } from '../training-run.entity.js';
import { auditDpo } from '../verdicts/verdict-dataset.js';

/** Runs of direct preference optimization on a pair set. */
@Injectable()
export class DpoRunner implements MethodRunner<'dpo'> {
  constructor(private readonly pairs: PreferenceSplitsReader) {}

  async train(run: RunOf<'dpo'>, { record, context, ...task }: RunInputs): Promise<TrainedRun<DpoSummary>> {
    const { train, evaluation, split } = await this.pairs.read(run);
    context.phase('training');
    const { checkpoint, adapter, stopped, metrics, before, after, pairs, evaluationPairs, completions, truncated, dropped } = await trainDpo({
      ...task,
      train,
      evaluation,
      hyperparameters: run.hyperparameters,
      onStep: (report) => record(report, report.totalSteps),
      signal: context.signal,
      abandoned: context.abandoned,
    });
    return {
      checkpoint,
      adapter,
      stopped,
      metrics,
      summary: {
        steps: metrics.length,
        stopped: stopped ?? null,
        split,
        pairs,
        evaluationPairs,
        lossBefore: before.loss,
        lossAfter: after.loss,
        accuracy: after['rewards/accuracies'],
        margin: after['rewards/margins'],
        chosenReward: after['rewards/chosen'],
        rejectedReward: after['rewards/rejected'],
        truncated,
        dropped,
      },
      verdict: auditDpo({ steps: metrics, before, after, heldOut: split === 'eval', stopped, shortened: (truncated + dropped) / completions }),
    };
  }
}
