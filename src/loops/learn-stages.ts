// The second half of an iteration: ratings become pairs, pairs a reward model, and that another policy version.
import { Injectable } from '@nestjs/common';
import { PairSetsService } from '#src/pairs/pair-sets.service.js';
import { PreferenceDataRepository } from '#src/reward/preference-data.repository.js';
import { RewardModelsService } from '#src/reward/reward-models.service.js';
import type { CreateTrainingRun } from '#src/training/training-runs.dto.js';
import { TrainingRunsService } from '#src/training/training-runs.service.js';
import type { TrainingRun } from '#src/training/training-run.entity.js';
import { trainingOutcome } from './gate.js';
import type { LoopFigures } from './loop-figures.js';
import { made, ownerOf, type StageResult, type StageTask } from './stage.js';

@Injectable()
export class LearnStages {
  constructor(
    private readonly pairSets: PairSetsService,
    private readonly preferences: PreferenceDataRepository,
    private readonly rewardModels: RewardModelsService,
    private readonly runs: TrainingRunsService,
  ) {}

  async pairs({ loop, iteration }: StageTask): Promise<StageResult> {
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
    const { pairCount, diagnostics } = await this.pairSets.getBuilt(iteration.pairSetId);
    const figures = { pairs: { pairs: pairCount ?? 0, prompts: diagnostics?.prompts ?? null } };
    // Equal ratings everywhere teach nothing, and no training would take them.
    const state = await this.preferences.pairSetState(iteration.pairSetId);
    return { figures, outcome: state?.trainable ? 'built' : 'no_pairs' };
  }

  async reward({ loop, iteration }: StageTask): Promise<StageResult> {
    if (!iteration.rewardModelId) {
      const model = await this.rewardModels.create(ownerOf(loop), {
        name: `loop ${loop.id} iteration ${iteration.number}`,
        pairSetId: made(iteration.pairSetId, 'pair set'),
        basePolicyVersionId: iteration.startVersionId,
        hyperparameters: loop.config.reward,
      });
      return { iteration: { rewardModelId: model.id }, jobId: made(model.jobId, 'job') };
    }
    const { evaluation } = await this.rewardModels.getTrained(iteration.rewardModelId);
    // Of a model that was trained here, and is.
    const { accuracy, evalPairs, nulls } = evaluation!;
    return { figures: { reward: { accuracy: accuracy.value, evalPairs, longestWins: nulls.longest } }, outcome: 'trained' };
  }

  async train({ loop, iteration }: StageTask): Promise<StageResult> {
    if (!iteration.trainingRunId) {
      const { method, hyperparameters } = loop.config.training;
      const start = { method, policyVersionId: iteration.startVersionId, hyperparameters };
      const inputs =
        method === 'sft' || method === 'dpo'
          ? { pairSetId: iteration.pairSetId }
          : { rewardModelId: iteration.rewardModelId, promptSetId: loop.promptSetId };
      // Checked as the bodies of `POST /training-runs` are, when the loop was made.
      const run = await this.runs.create(ownerOf(loop), { ...start, ...inputs } as CreateTrainingRun);
      return { iteration: { trainingRunId: run.id }, jobId: run.jobId };
    }
    const run = await this.runs.get(iteration.trainingRunId);
    const training = trainingFigures(run);
    return {
      iteration: { candidateVersionId: made(run.resultPolicyVersionId, 'trained version') },
      figures: { training },
      outcome: trainingOutcome(training, loop.config.gate),
    };
  }
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
