import { rolloutMethod, type RolloutSummary, type SampledMethod } from '../methods/training-methods.js';
import { Injectable } from '@nestjs/common';
import { verdictOf } from '#src/common/findings.js';
import { JobFailure } from '#src/jobs/job-failure.js';
import { PromptSetsService } from '#src/prompts/prompt-sets.service.js';
import type { EvaluatedSplit } from '#src/reward/evaluation/reward-evaluation.js';
import { bestStep, evaluationsOf, type JudgedBy } from '#src/rl/checkpoints.js';
import type { RunInputs, TrainedRun } from './method-runner.js';
import type { PpoHyperparameters } from '#src/rl/methods/ppo.js';
import { ValueStartService } from '../inputs/value-start.service.js';
import { RewardPanelService } from '../rewards/reward-panel.service.js';
import type { RolloutResult, RolloutStepReport } from '#src/rl/rollouts/rollout-trainer.js';
import type { RunOf, TrainingSample } from '../runs/training-run.entity.js';
import { stoppedFinding } from '#src/rl/step-loop.js';
import { TrainingRunsRepository } from '../runs/training-runs.repository.js';
import { auditRun, klMetric } from '../verdicts/verdict.js';

/** Samples kept per step: whole groups, from the first. */
const samplesKept = 16;

/**
 * Runs on completions that the policy samples and sources of reward score. Hyperparameters are completed again: a run that an
 * earlier release took on has none for what came later.
 */
@Injectable()
export class RolloutRunner {
  constructor(
    private readonly runs: TrainingRunsRepository,
    private readonly promptSets: PromptSetsService,
    private readonly panels: RewardPanelService,
    private readonly valueStarts: ValueStartService,
  ) {}

  async train(
    { id, method, rewards, promptSetId, evaluationPromptSetId, ...run }: RunOf<SampledMethod>,
    { checkpoint, resume, record, threads, context }: RunInputs,
  ): Promise<TrainedRun<RolloutSummary>> {
    const { complete, train, judge } = rolloutMethod(method);
    const hyperparameters = complete(run.hyperparameters);
    const { steps, evaluationPrompts, keep } = hyperparameters;
    if (rewards === null) throw new JobFailure('rewards_missing', 'this run has no source of reward');
    if (promptSetId === null) throw new JobFailure('prompt_set_missing', 'this run has no prompt set');
    const valueStart = 'valueStart' in hyperparameters ? await this.valueStarts.load(hyperparameters as PpoHyperparameters, rewards) : undefined;
    const prompts = await this.promptSets.members(promptSetId);
    const evaluation = evaluationPromptSetId === null ? undefined : await this.promptSets.members(evaluationPromptSetId);
    context.phase('training');
    await context.progress(resume?.step ?? 0, steps, 'steps');
    const onStep = async (report: RolloutStepReport): Promise<void> => {
      const kept = report.samples.slice(0, samplesKept).map((sample, index) => sampleRow(id, report.step, index, sample));
      await context.commit((tx) => this.runs.putSamples(tx, kept));
      await record(report, steps);
    };
    const panel = await this.panels.open(rewards);
    try {
      const { signal, abandoned } = context;
      const result = await train({ checkpoint, hyperparameters, valueStart, prompts, evaluation, score: panel.score, onStep, resume, threads, signal, abandoned });
      const { adapter, stopped, metrics } = result;
      return { checkpoint: result.checkpoint, adapter, stopped, metrics, ...account(result, evaluation ? 'eval' : 'train', Math.min((evaluation ?? prompts).length, evaluationPrompts), keep === 'best' ? judge : undefined) };
    } finally {
      await panel.dispose();
    }
  }
}

/** @param judge what tells the best weights, where these are kept */
function account(result: RolloutResult, split: EvaluatedSplit, evaluationPrompts: number, judge: JudgedBy | undefined): Pick<TrainedRun<RolloutSummary>, 'summary' | 'verdict'> {
  const { metrics, rewardBefore, stopped = null } = result;
  const best = judge && bestStep(evaluationsOf(metrics, judge), judge);
  const rewardAfter = best === undefined ? result.rewardAfter : metrics[best - 1].eval_reward;
  // A step's figures are of the weights that it began with: those that were kept after step `best` began the next one.
  const last = (name: string): number | null => metrics.slice(0, best && best + 1).findLast((step) => name in step)?.[name] ?? null;
  const { findings } = auditRun({ steps: metrics, rewardBefore, rewardAfter, split, best: best !== undefined });
  return {
    summary: { rewardBefore, rewardAfter, kl: last(klMetric(metrics)), entropy: last('entropy'), steps: metrics.length, split, evaluationPrompts, stopped },
    verdict: verdictOf(stopped ? [...findings, stoppedFinding(stopped)] : findings),
  };
}

function sampleRow(
  trainingRunId: string,
  step: number,
  sampleIndex: number,
  { prompt, text, reward, scores, advantage, tokenIds, finishReason }: RolloutStepReport['samples'][number],
): TrainingSample {
  const completionTokens = tokenIds.length;
  return {
    trainingRunId,
    step,
    sampleIndex,
    promptId: prompt.id,
    text,
    reward,
    scores,
    advantage,
    completionTokens,
    finishReason,
  };
}
