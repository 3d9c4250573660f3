import { Inject } from '@nestjs/common';
import { ModelsService } from '#src/artifacts/models.service.js';
import { PromptTooLongError } from '#src/completions/policy-generator.js';
import { SaveClock } from '#src/common/save-clock.js';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { JobFailure } from '#src/jobs/job-failure.js';
import { HandlesJob, JobPausedError, WorkerShutdownError, type JobContext, type JobHandler } from '#src/jobs/job-handler.js';
import { serializeCheckpoint } from '#src/lm/checkpoint.js';
import type { TrainingProgress } from '#src/lm/training-progress.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { modelInfo } from '#src/policies/uploaded-model.js';
import { TrainingDivergedError } from '#src/reward/reward-trainer.js';
import { NoTrainingDataError } from './dataset-trainer.js';
import { DpoRunner } from './dpo.runner.js';
import type { RunInputs, TrainedRun } from './method-runner.js';
import { RolloutRunner } from './rollout.runner.js';
import { RunProgressStore } from '#src/artifacts/run-progress.store.js';
import { SftRunner } from './sft.runner.js';
import type { SummaryOf, TrainingMethod } from './training-methods.js';
import type { RunOf, TrainingRun } from './training-run.entity.js';
import { TrainingRunsRepository } from './training-runs.repository.js';

type Runners = { [M in TrainingMethod]: (run: RunOf<M>, inputs: RunInputs) => Promise<TrainedRun<SummaryOf[M]>> };

/** Trains a policy and makes it the next version. Run again it goes on from the last save, to the same bits. */
@HandlesJob('training-run.train')
export class TrainingRunHandler implements JobHandler<'training-run.train'> {
  private readonly threads: number | undefined;
  private readonly saveEveryMs: number;
  private readonly runners: Runners;

  constructor(
    private readonly runs: TrainingRunsRepository,
    private readonly versions: PolicyVersionsService,
    private readonly models: ModelsService,
    private readonly saved: RunProgressStore,
    sft: SftRunner,
    dpo: DpoRunner,
    rollouts: RolloutRunner,
    @Inject(CONFIG) config: Config,
  ) {
    this.threads = config.computeThreads || undefined;
    this.saveEveryMs = config.saveEverySeconds * 1000;
    this.runners = {
      sft: (run, inputs) => sft.train(run, inputs),
      dpo: (run, inputs) => dpo.train(run, inputs),
      grpo: (run, inputs) => rollouts.grpo(run, inputs),
      rloo: (run, inputs) => rollouts.rloo(run, inputs),
    };
  }

  async run({ trainingRunId }: { trainingRunId: string }, context: JobContext): Promise<void> {
    const run = await this.runs.find(trainingRunId);
    if (!run) throw new JobFailure('training_run_not_found', `there is no training run ${trainingRunId}`);
    if (run.finishedAt) return this.saved.remove(run.id);
    const { checkpoint, summary, verdict } = await this.train(run, context);
    context.phase('saving');
    const files = await this.models.storeFiles(serializeCheckpoint(checkpoint));
    context.signal.throwIfAborted();
    await context.commit(async (tx) => {
      const model = await this.models.saveStored(tx, files, modelInfo(checkpoint.config));
      const trained = { parentVersionId: run.policyVersionId, modelId: model.id, trainingRunId };
      const version = await this.versions.createTrainedVersion(tx, trained);
      await this.runs.finish(tx, run.id, { resultPolicyVersionId: version.id, summary, verdict });
    });
    await this.saved.remove(run.id);
  }

  private async train(run: TrainingRun, context: JobContext): Promise<TrainedRun<SummaryOf[TrainingMethod]>> {
    context.phase('loading');
    const checkpoint = await this.versions.loadCheckpoint(run.policyVersionId);
    const resume = await this.saved.load<TrainingProgress>(run.id);
    if (resume) context.log('info', `goes on after step ${resume.step}`);
    // The row's hyperparameters are those of its method: the service put them there.
    const train = this.runners[run.method] as (run: TrainingRun, inputs: RunInputs) => Promise<TrainedRun<SummaryOf[TrainingMethod]>>;
    try {
      return await train(run, { checkpoint, resume, record: this.recorder(run.id, context), threads: this.threads, context });
    } catch (error) {
      if (error instanceof PromptTooLongError) throw new JobFailure('prompt_too_long', error.message);
      if (error instanceof NoTrainingDataError) throw new JobFailure('no_training_data', error.message);
      if (error instanceof TrainingDivergedError) throw new JobFailure('training_diverged', error.message);
      throw error;
    }
  }

  private recorder(runId: string, context: JobContext): RunInputs['record'] {
    const clock = new SaveClock(this.saveEveryMs);
    return async ({ step, metrics, progress }, totalSteps) => {
      await context.metrics(step, metrics);
      if (clock.due() || willComeBack(context.signal)) {
        await clock.measure(() => this.saved.save(runId, progress));
        await context.kept();
      }
      await context.progress(step, totalSteps, 'steps');
    };
  }
}

/** Stopped by a pause or a shutdown: what is saved now need not be done again. */
function willComeBack({ reason }: AbortSignal): boolean {
  return reason instanceof JobPausedError || reason instanceof WorkerShutdownError;
}
