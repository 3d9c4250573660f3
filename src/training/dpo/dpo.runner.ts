import { Injectable } from '@nestjs/common';
import { trainDpo } from '#src/rl/methods/dpo.js';
import type { MethodRunner, RunInputs, TrainedRun } from '../method-runner.js';
import { datasetTask, PreferenceSplitsReader } from '../datasets/preference-splits.js';
import type { DpoSummary } from '../training-methods.js';
import type { RunOf } from '../training-run.entity.js';
import { auditDpo } from '../verdicts/verdict-dataset.js';

/** Runs of direct preference optimization on a pair set. */
@Injectable()
export class DpoRunner implements MethodRunner<'dpo'> {
  constructor(private readonly pairs: PreferenceSplitsReader) {}

  async train(run: RunOf<'dpo'>, inputs: RunInputs): Promise<TrainedRun<DpoSummary>> {
    const data = await this.pairs.read(run);
    inputs.context.phase('training');
    const { checkpoint, adapter, stopped, metrics, before, after, pairs, evaluationPairs, completions, truncated, dropped } = await trainDpo({ ...datasetTask(inputs, data), hyperparameters: run.hyperparameters });
    return {
      checkpoint,
      adapter,
      stopped,
      metrics,
      summary: {
        steps: metrics.length,
        stopped: stopped ?? null,
        split: data.split,
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
      verdict: auditDpo({ steps: metrics, before, after, heldOut: data.split === 'eval', stopped, shortened: (truncated + dropped) / completions }),
    };
  }
}
