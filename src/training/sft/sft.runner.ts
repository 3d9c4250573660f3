import { Injectable } from '@nestjs/common';
import type { MethodRunner, RunInputs, TrainedRun } from '../method-runner.js';
import { datasetTask, PreferenceSplitsReader } from '../datasets/preference-splits.js';
import { trainSft } from '#src/rl/methods/sft.js';
import type { SftSummary } from '../training-methods.js';
import type { RunOf } from '../training-run.entity.js';
import { auditSft } from '../verdicts/verdict-dataset.js';

/** Runs of supervised fine-tuning on the preferred completions of a pair set. */
@Injectable()
export class SftRunner implements MethodRunner<'sft'> {
  constructor(private readonly pairs: PreferenceSplitsReader) {}

  async train(run: RunOf<'sft'>, inputs: RunInputs): Promise<TrainedRun<SftSummary>> {
    const data = await this.pairs.read(run);
    inputs.context.phase('training');
    const { checkpoint, adapter, stopped, metrics, before, after, examples, evaluationExamples, truncated, dropped } = await trainSft({ ...datasetTask(inputs, data), hyperparameters: run.hyperparameters });
    const shortened = (truncated + dropped) / (examples + dropped);
    return {
      checkpoint,
      adapter,
      stopped,
      metrics,
      summary: {
        steps: metrics.length,
        stopped: stopped ?? null,
        split: data.split,
        examples,
        evaluationExamples,
        lossBefore: before.loss,
        lossAfter: after.loss,
        tokenAccuracyBefore: before.mean_token_accuracy,
        tokenAccuracyAfter: after.mean_token_accuracy,
        truncated,
        dropped,
      },
      verdict: auditSft({ steps: metrics, before, after, heldOut: data.split === 'eval', stopped, shortened }),
    };
  }
}
