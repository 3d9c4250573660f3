import { Inject } from '@nestjs/common';
import { ModelsService } from '#src/artifacts/models.service.js';
import { PromptTooLongError } from '#src/completions/policy-generator.js';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { JobFailure } from '#src/jobs/job-failure.js';
import { HandlesJob, JobPausedError, WorkerShutdownError, type JobContext, type JobHandler } from '#src/jobs/job-handler.js';
import { serializeCheckpoint } from '#src/lm/checkpoint.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { modelInfo } from '#src/policies/uploaded-model.js';
import { PromptSetsService } from '#src/prompts/prompt-sets.service.js';
import { RewardScorersService } from '#src/reward/reward-scorers.service.js';
import { TrainingDivergedError } from '#src/reward/reward-trainer.js';
import { trainGrpo, type GrpoResult, type GrpoStepReport } from './grpo-trainer.js';
import { RunProgressStore } from './run-progress.store.js';
import type { TrainingRun, TrainingSummary } from './training-run.entity.js';
import { TrainingRunsRepository } from './training-runs.repository.js';
import type { TrainingSample } from './training-sample.entity.js';
import { auditRun } from './verdict.js';

/** Samples kept per step: whole groups, from the first. */
const samplesKept = 16;
const saveEveryMs = 20_000;

/** Trains a policy and makes it the next version. Run again it goes on from the last save, to the same bits. */
@HandlesJob('training-run.train')
export class TrainingRunHandler implements JobHandler<'training-run.train'> {
  private readonly threads: number | undefined;

  constructor(
    private readonly runs: TrainingRunsRepository,
    private readonly versions: PolicyVersionsService,
    private readonly promptSets: PromptSetsService,
    private readonly scorers: RewardScorersService,
    private readonly models: ModelsService,
    private readonly saved: RunProgressStore,
    @Inject(CONFIG) config: Config,
  ) {
    this.threads = config.computeThreads || undefined;
  }

  async run({ trainingRunId }: { trainingRunId: string }, context: JobContext): Promise<void> {
    const run = await this.runs.find(trainingRunId);
    if (!run) throw new JobFailure('training_run_not_found', `there is no training run ${trainingRunId}`);
    if (run.finishedAt) return this.saved.remove(run.id);
    const result = await this.train(run, context);
    context.phase('saving');
    const files = await this.models.storeFiles(serializeCheckpoint(result.checkpoint));
    context.signal.throwIfAborted();
    await context.commit(async (tx) => {
      const model = await this.models.saveStored(tx, files, modelInfo(result.checkpoint.config));
      const trained = { parentVersionId: run.policyVersionId, modelId: model.id, trainingRunId };
      const version = await this.versions.createTrainedVersion(tx, trained);
      const { rewardBefore, rewardAfter } = result;
      const verdict = auditRun({ steps: result.metrics, rewardBefore, rewardAfter });
      await this.runs.finish(tx, run.id, {
        resultPolicyVersionId: version.id,
        summary: summaryOf(run, result),
        verdict,
      });
    });
    await this.saved.remove(run.id);
  }

  private async train(
    run: TrainingRun,
    context: JobContext,
  ): Promise<GrpoResult & { evaluationPrompts: number }> {
    context.phase('loading');
    const { hyperparameters, rewardModelId } = run;
    if (rewardModelId === null) throw new JobFailure('reward_model_missing', 'this run has no reward model');
    const prompts = (await this.promptSets.members(run.promptSetId)).map(({ id, text }) => ({ id, text }));
    const checkpoint = await this.versions.loadCheckpoint(run.policyVersionId);
    const resume = await this.saved.load(run.id);
    if (resume) context.log('info', `goes on after step ${resume.step}`);
    const scorer = await this.scorers.load(rewardModelId);
    context.phase('training');
    await context.progress(resume?.step ?? 0, hyperparameters.steps, 'steps');
    try {
      const result = await trainGrpo({
        checkpoint,
        prompts,
        hyperparameters,
        score: (items, signal) => scorer.score(items, { signal }),
        onStep: this.recorder(run, context),
        resume,
        threads: this.threads,
        signal: context.signal,
      });
      return { ...result, evaluationPrompts: Math.min(prompts.length, hyperparameters.evaluationPrompts) };
    } catch (error) {
      if (error instanceof PromptTooLongError) throw new JobFailure('prompt_too_long', error.message);
      if (error instanceof TrainingDivergedError) throw new JobFailure('training_diverged', error.message);
      throw error;
    } finally {
      await scorer.dispose();
    }
  }

  private recorder(
    { id, hyperparameters }: TrainingRun,
    context: JobContext,
  ): (report: GrpoStepReport) => Promise<void> {
    let savedAt = Date.now();
    return async ({ step, metrics, samples, progress }) => {
      const kept = samples
        .slice(0, samplesKept)
        .map((sample, sampleIndex) => sampleRow(id, step, sampleIndex, sample));
      await context.commit((tx) => this.runs.putSamples(tx, kept));
      await context.metrics(step, metrics);
      if (Date.now() - savedAt >= saveEveryMs || willComeBack(context.signal)) {
        await this.saved.save(id, progress);
        savedAt = Date.now();
      }
      await context.progress(step, hyperparameters.steps, 'steps');
    };
  }
}

/** Stopped by a pause or a shutdown: what is saved now need not be done again. */
function willComeBack({ reason }: AbortSignal): boolean {
  return reason instanceof JobPausedError || reason instanceof WorkerShutdownError;
}

function sampleRow(
  trainingRunId: string,
  step: number,
  sampleIndex: number,
  { prompt, text, reward, advantage, tokenIds, finishReason }: GrpoStepReport['samples'][number],
): TrainingSample {
  const completionTokens = tokenIds.length;
  return {
    trainingRunId,
    step,
    sampleIndex,
    promptId: prompt.id,
    text,
    reward,
    advantage,
    completionTokens,
    finishReason,
  };
}

function summaryOf(
  { hyperparameters: { steps } }: TrainingRun,
  { metrics, rewardBefore, rewardAfter, evaluationPrompts }: GrpoResult & { evaluationPrompts: number },
): TrainingSummary {
  const { kl, entropy } = metrics[metrics.length - 1];
  return { rewardBefore, rewardAfter, kl, entropy, steps, evaluationPrompts };
}
