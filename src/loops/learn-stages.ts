// The second half of an iteration: ratings become pairs, pairs a reward model, and that another policy version.
import { Injectable } from '@nestjs/common';
import { PairSetsService } from '#src/pairs/pair-sets.service.js';
import { RewardModelsService } from '#src/reward/models/reward-models.service.js';
import { TrainingRunsService } from '#src/training/runs/training-runs.service.js';
import type { TrainingRun } from '#src/training/runs/training-run.entity.js';
import { isPaired, isRecorded, type CreateTrainingRun } from '#src/training/methods/training-methods.js';
import { rewardOutcome, trainingOutcome } from './gate.js';
import { lackFound } from './loop-failure.js';
import { evaluationPromptSetOf } from './loop-rules.js';
import type { LoopFigures } from './loop-figures.js';
import type { Loop } from './loop.entity.js';
import { made, ownerOf, type StageResult, type StageTask } from './stage.js';

@Injectable()
export class LearnStages {
  constructor(
    private readonly pairSets: PairSetsService,
    private readonly rewardModels: RewardModelsService,
    private readonly runs: TrainingRunsService,
  ) {}

  async pairs({ loop, iteration, lack }: StageTask): Promise<StageResult> {
    const { data, ...rules } = loop.config.pairs;
    if (!iteration.pairSetId) {
      const own = { completionBatchId: iteration.completionBatchId!, promptSetId: made(iteration.ratedPromptSetId, 'rated prompts') };
      const pairSet = await this.pairSets.create(ownerOf(loop), {
        criterionVersionId: loop.criterionVersionId,
        ...(data === 'iteration' ? own : { promptSetId: loop.promptSetId }),
        ...rules,
        seed: loop.config.seed,
      });
      return { iteration: { pairSetId: pairSet.id }, jobId: pairSet.jobId };
    }
    if (lack) return { figures: { pairs: { pairs: 0, prompts: null, lacks: lack } }, outcome: 'no_pairs' };
    const { id, pairCount, diagnostics } = await this.pairSets.getBuilt(iteration.pairSetId);
    // Data that no training would accept is detected here, while the iteration can still be held.
    const lacks = await lackFound(() => this.requireLearnable(loop, iteration, id));
    return { figures: { pairs: { pairs: pairCount ?? 0, prompts: diagnostics?.prompts ?? null, lacks } }, outcome: lacks ? 'no_pairs' : 'built' };
  }

  async reward({ loop, iteration, lack }: StageTask): Promise<StageResult> {
    if (!iteration.rewardModelId) {
      const model = await this.rewardModels.create(ownerOf(loop), {
        name: `loop ${loop.id} iteration ${iteration.number}`,
        pairSetId: made(iteration.pairSetId, 'pair set'),
        basePolicyVersionId: iteration.startVersionId,
        hyperparameters: loop.config.reward,
      });
      return { iteration: { rewardModelId: model.id }, jobId: made(model.jobId, 'job') };
    }
    if (lack) return { figures: { pairs: { ...iteration.figures.pairs!, lacks: lack } }, outcome: 'no_pairs' };
    const { evaluation, verdict } = await this.rewardModels.getTrained(iteration.rewardModelId);
    // Of a model that was trained here, and is.
    const { accuracy, evalPairs, nulls } = evaluation!;
    const status = verdict?.status ?? null;
    return {
      figures: { reward: { verdict: status, accuracy: accuracy.value, evalPairs, longestWins: nulls.longest } },
      outcome: rewardOutcome(status, loop.config.gate),
    };
  }

  async train({ loop, iteration }: StageTask): Promise<StageResult> {
    if (!iteration.trainingRunId) {
      const { method, hyperparameters } = loop.config.training;
      const start = { method, policyVersionId: iteration.startVersionId, hyperparameters };
      const inputs = isPaired(method)
        ? { pairSetId: iteration.pairSetId }
        : isRecorded(method)
          ? { ratings: ratingsOf(loop, iteration) }
          : {
              rewardModelId: iteration.rewardModelId,
              promptSetId: loop.promptSetId,
              evaluationPromptSetId: evaluationPromptSetOf(loop.heldOutPromptSetId, hyperparameters),
            };
      // Checked as the bodies of `POST /training-runs` are, when the loop was made.
      const run = await this.runs.create(ownerOf(loop), { ...start, ...inputs } as CreateTrainingRun);
      return { iteration: { trainingRunId: run.id }, jobId: run.jobId };
    }
    const run = await this.runs.get(iteration.trainingRunId);
    const training = trainingFigures(run);
    const candidateVersionId = run.resultPolicyVersionId;
    return {
      iteration: { candidateVersionId },
      figures: { training },
      outcome: trainingOutcome(training, candidateVersionId !== null, loop.config.gate),
    };
  }

  private async requireLearnable(loop: Loop, iteration: StageTask['iteration'], pairSetId: string): Promise<void> {
    const { reward, training } = loop.config;
    await this.rewardModels.requireLearnable(pairSetId, reward);
    if (isPaired(training.method)) await this.runs.requireLearnable(pairSetId, training.method, training.hyperparameters);
    else if (isRecorded(training.method)) await this.runs.requireRated(iteration.startVersionId, ratingsOf(loop, iteration), training.hyperparameters);
  }
}

/** The ratings that the iteration's pairs are made of, in the same split. */
function ratingsOf({ criterionVersionId, promptSetId, config: { pairs, seed } }: Loop, iteration: StageTask['iteration']): Extract<CreateTrainingRun, { method: 'kto' }>['ratings'] {
  const own = { completionBatchId: iteration.completionBatchId, promptSetId: iteration.ratedPromptSetId };
  return { criterionVersionId, ...(pairs.data === 'iteration' ? own : { promptSetId }), evalFraction: pairs.evalFraction, seed };
}

function trainingFigures({ summary, verdict }: TrainingRun): NonNullable<LoopFigures['training']> {
  const rollout = summary && 'kl' in summary ? summary : null;
  return {
    verdict: verdict?.status ?? null,
    kl: rollout?.kl ?? null,
    rewardBefore: rollout?.rewardBefore ?? null,
    rewardAfter: rollout?.rewardAfter ?? null,
  };
}
