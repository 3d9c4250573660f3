import { isRecorded, judgeOf, type RecordedMethod, type SampledMethod } from '../methods/training-methods.js';
import { DatasetRunner } from './dataset.runner.js';
import { TrainingDivergedError } from '#src/rl/step-loop.js';
import { PromptTooLongError } from '#src/lm/decode/generate.js';
import { Inject } from '@nestjs/common';
import { ArtifactsService } from '#src/artifacts/artifacts.service.js';
import { SaveClock } from '#src/common/save-clock.js';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { JobFailure } from '#src/jobs/job-failure.js';
import { HandlesJob, willComeBack, type JobContext, type JobHandler } from '#src/jobs/job-handler.js';
import type { Metrics, TrainingProgress } from '#src/lm/files/training-progress.js';
import { TrunkSpaceError } from '#src/lm/lora/trunk-states.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { CheckpointKeeper } from '../checkpoints/checkpoint-keeper.service.js';
import { improves } from '#src/rl/checkpoints.js';
import { TrainingCheckpointsService } from '../checkpoints/training-checkpoints.service.js';
import { NoTrainingDataError } from '#src/rl/datasets/dataset-trainer.js';
import type { RunInputs, TrainedRun } from './method-runner.js';
import { RolloutRunner } from './rollout.runner.js';
import { RunProgressStore } from '#src/artifacts/run-progress.store.js';
import type { RunOf, TrainingRun } from '../runs/training-run.entity.js';
import { TrainingRunsRepository } from '../runs/training-runs.repository.js';

/** Trains a policy and makes it the next version. A rerun continues from the last save, to the same bits. */
@HandlesJob('training-run.train')
export class TrainingRunHandler implements JobHandler<'training-run.train'> {
  private readonly threads: number | undefined;
  private readonly saveEveryMs: number;

  constructor(
    private readonly runs: TrainingRunsRepository,
    private readonly versions: PolicyVersionsService,
    private readonly keeper: CheckpointKeeper,
    private readonly checkpoints: TrainingCheckpointsService,
    private readonly artifacts: ArtifactsService,
    private readonly saved: RunProgressStore,
    private readonly datasets: DatasetRunner,
    private readonly rollouts: RolloutRunner,
    @Inject(CONFIG) config: Config,
  ) {
    this.threads = config.computeThreads || undefined;
    this.saveEveryMs = config.saveEverySeconds * 1000;
  }

  async run({ trainingRunId }: { trainingRunId: string }, context: JobContext): Promise<void> {
    const run = await this.runs.find(trainingRunId);
    if (!run) throw new JobFailure('training_run_not_found', `there is no training run ${trainingRunId}`);
    if (run.finishedAt) return this.saved.remove(run.id);
    const trained = await this.train(run, context);
    context.phase('saving');
    await this.finish(run, trained, context);
    await this.saved.remove(run.id);
  }

  /**
   * The final weights are a checkpoint, and those selected by `keep` become the next version. A diverged run makes no version, unless its
   * last good checkpoint is promoted.
   */
  private async finish(run: TrainingRun, { summary, verdict, stopped, metrics, ...weights }: TrainedRun, context: JobContext): Promise<void> {
    // Whether weights are good is known one step later.
    const lastStep = stopped ? Math.max(0, summary.steps - 1) : summary.steps;
    const diverged = stopped?.reason === 'diverged';
    const register = lastStep > 0 || !diverged ? await this.keeper.store(run, lastStep, weights, evaluationAt(run, metrics, lastStep)) : undefined;
    context.abandoned.throwIfAborted();
    const unnamed = await context.commit(async (tx) => {
      await register?.(tx);
      const version = diverged ? null : await this.checkpoints.promoteResult(tx, run, lastStep);
      await this.runs.finish(tx, run.id, { resultPolicyVersionId: version?.id ?? null, summary, verdict });
      return this.keeper.retain(tx, run, lastStep);
    });
    await this.artifacts.removeContents(unnamed);
  }

  private async train(run: TrainingRun, context: JobContext): Promise<TrainedRun> {
    context.phase('loading');
    const checkpoint = await this.versions.loadCheckpoint(run.policyVersionId);
    const resume = await this.saved.load<TrainingProgress>(run.id);
    if (resume) context.log('info', `continues after step ${resume.step}`);
    const inputs = { checkpoint, resume, record: this.recorder(run, context), threads: this.threads, context };
    try {
      // The row's hyperparameters are those of its method: the service put them there.
      return isRecorded(run.method) ? await this.datasets.train(run as RunOf<RecordedMethod>, inputs) : await this.rollouts.train(run as RunOf<SampledMethod>, inputs);
    } catch (error) {
      if (error instanceof PromptTooLongError) throw new JobFailure('prompt_too_long', error.message);
      if (error instanceof NoTrainingDataError) throw new JobFailure('no_training_data', error.message);
      if (error instanceof TrainingDivergedError) throw new JobFailure('training_diverged', error.message);
      if (error instanceof TrunkSpaceError) throw new JobFailure('no_temporary_space', error.message);
      throw error;
    }
  }

  private recorder(run: TrainingRun, context: JobContext): RunInputs['record'] {
    const clock = new SaveClock(this.saveEveryMs);
    return async ({ step, metrics, progress, weights }, totalSteps) => {
      await context.metrics(step, metrics);
      if (isCheckpoint(run, progress)) await this.keeper.keep(run, step, weights(), evaluationAt(run, progress.metrics, step), context);
      // This gives the event loop its turn, in which a pause arrives.
      await context.progress(step, totalSteps, 'steps');
      if (clock.due() || willComeBack(context)) {
        await clock.measure(() => this.saved.save(run.id, progress));
        await context.kept();
      }
    };
  }
}

const evaluationAt = ({ method }: TrainingRun, metrics: readonly Metrics[], step: number): number | null =>
  metrics[step - 1]?.[judgeOf(method).metric] ?? null;

function isCheckpoint({ method, hyperparameters: { checkpointEvery, keep } }: TrainingRun, { step, metrics }: TrainingProgress): boolean {
  return (checkpointEvery !== null && step % checkpointEvery === 0) || (keep === 'best' && improves(metrics, judgeOf(method)));
}
