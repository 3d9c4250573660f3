import { Injectable } from '@nestjs/common';
import { JobFailure } from '#src/jobs/job-failure.js';
import { PromptSetsService } from '#src/prompts/prompt-sets.service.js';
import { RewardScorersService } from '#src/reward/reward-scorers.service.js';
import { trainGrpo } from './grpo-trainer.js';
import type { RunInputs, TrainedRun } from './method-runner.js';
import { trainRloo } from './rloo-trainer.js';
import type { RolloutResult, RolloutStepReport, RolloutTask } from './rollout-trainer.js';
import type { RolloutSummary } from './training-methods.js';
import type { RunOf, TrainingRun } from './training-run.entity.js';
import { TrainingRunsRepository } from './training-runs.repository.js';
import type { TrainingSample } from './training-sample.entity.js';
import { auditRun } from './verdict.js';

/** Samples kept per step: whole groups, from the first. */
const samplesKept = 16;

type Inputs = Omit<RolloutTask, 'hyperparameters'>;
type Train = (inputs: Inputs) => Promise<RolloutResult>;

/** Runs on completions that the policy samples and a reward model scores. */
@Injectable()
export class RolloutRunner {
  constructor(
    private readonly runs: TrainingRunsRepository,
    private readonly promptSets: PromptSetsService,
    private readonly scorers: RewardScorersService,
  ) {}

  grpo(run: RunOf<'grpo'>, inputs: RunInputs): Promise<TrainedRun<RolloutSummary>> {
    const { hyperparameters } = run;
    return this.train(run, hyperparameters, inputs, (task) => trainGrpo({ ...task, hyperparameters }));
  }

  rloo(run: RunOf<'rloo'>, inputs: RunInputs): Promise<TrainedRun<RolloutSummary>> {
    const { hyperparameters } = run;
    return this.train(run, hyperparameters, inputs, (task) => trainRloo({ ...task, hyperparameters }));
  }

  private async train(
    { id, rewardModelId, promptSetId }: TrainingRun,
    { steps, evaluationPrompts }: { steps: number; evaluationPrompts: number },
    { checkpoint, resume, record, threads, context }: RunInputs,
    train: Train,
  ): Promise<TrainedRun<RolloutSummary>> {
    if (rewardModelId === null) throw new JobFailure('reward_model_missing', 'this run has no reward model');
    if (promptSetId === null) throw new JobFailure('prompt_set_missing', 'this run has no prompt set');
    const prompts = (await this.promptSets.members(promptSetId)).map((prompt) => ({ id: prompt.id, text: prompt.text }));
    const scorer = await this.scorers.load(rewardModelId);
    context.phase('training');
    await context.progress(resume?.step ?? 0, steps, 'steps');
    const onStep = async (report: RolloutStepReport): Promise<void> => {
      const kept = report.samples.slice(0, samplesKept).map((sample, index) => sampleRow(id, report.step, index, sample));
      await context.commit((tx) => this.runs.putSamples(tx, kept));
      await record(report, steps);
    };
    try {
      const { signal } = context;
      const score: RolloutTask['score'] = async (items, abort) => ({ total: await scorer.score(items, { signal: abort }) });
      const { checkpoint: trained, metrics, rewardBefore, rewardAfter } = await train({ checkpoint, prompts, score, onStep, resume, threads, signal });
      const { kl, entropy } = metrics[metrics.length - 1];
      return {
        checkpoint: trained,
        summary: { rewardBefore, rewardAfter, kl, entropy, steps, evaluationPrompts: Math.min(prompts.length, evaluationPrompts) },
        verdict: auditRun({ steps: metrics, rewardBefore, rewardAfter }),
      };
    } finally {
      await scorer.dispose();
    }
  }
}

function sampleRow(
  trainingRunId: string,
  step: number,
  sampleIndex: number,
  { prompt, text, reward, advantage, tokenIds, finishReason }: RolloutStepReport['samples'][number],
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
