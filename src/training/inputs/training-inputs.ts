import { Injectable } from '@nestjs/common';
import { shorten, unprocessable } from '#src/common/problem.js';
import { JobsService } from '#src/jobs/jobs.service.js';
import { noWeights, PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { PromptSetsService } from '#src/prompts/prompt-sets.service.js';
import type { PromptSet } from '#src/prompts/prompt.entity.js';
import { PreferenceDataService } from '#src/reward/data/preference-data.service.js';
import { RewardModelsService } from '#src/reward/models/reward-models.service.js';
import { isRecorded, type TrainingMethod } from '../methods/training-methods.js';
import type { CheckpointSettings } from '#src/rl/checkpoints.js';

/** Checks what a request names, with the pointer of the field that names it. */
@Injectable()
export class TrainingInputs {
  constructor(
    private readonly versions: PolicyVersionsService,
    private readonly promptSets: PromptSetsService,
    private readonly rewardModels: RewardModelsService,
    private readonly preferences: PreferenceDataService,
    private readonly jobs: JobsService,
  ) {}

  /** @throws ProblemException 422 `unknown_policy_version` */
  async requirePolicyVersion(id: string, pointer: string): Promise<void> {
    if (await this.versions.find(id)) return;
    throw unprocessable('unknown_policy_version', pointer, 'exists', 'no policy version has this id', id);
  }

  /** A version that training can start from. @throws ProblemException 422 `unknown_policy_version`, `policy_version_without_weights` */
  async requireWeights(id: string, pointer: string): Promise<void> {
    await this.requirePolicyVersion(id, pointer);
    if ((await this.versions.get(id)).modelId === null) throw noWeights(pointer, id);
  }

  /** @throws ProblemException 422 `unknown_prompt_set` */
  async requirePromptSet(id: string, pointer: string): Promise<PromptSet> {
    const set = await this.promptSets.find(id);
    if (set) return set;
    throw unprocessable('unknown_prompt_set', pointer, 'exists', 'no prompt set has this id', id);
  }

  /** @throws ProblemException 422 `held_out_overlap` */
  async requireDisjoint(promptSetId: string, heldOutPromptSetId: string, pointer: string): Promise<void> {
    const { count, example } = await this.promptSets.overlap(promptSetId, heldOutPromptSetId);
    if (count === 0) return;
    const message = `${count} held-out prompts are also training prompts; the first is '${shorten(example)}'`;
    throw unprocessable('held_out_overlap', pointer, 'disjoint', message, heldOutPromptSetId);
  }

  /** @throws ProblemException 422 `unknown_reward_model`, 409 `reward_model_not_trained` */
  async requireTrainedRewardModel(id: string, pointer: string): Promise<void> {
    if (!(await this.rewardModels.find(id))) {
      throw unprocessable('unknown_reward_model', pointer, 'exists', 'no reward model has this id', id);
    }
    await this.rewardModels.getTrained(id);
  }

  /** @throws ProblemException 422 `unknown_pair_set`, `pair_set_empty`; 409 `pair_set_not_ready`, `pair_set_failed` */
  async requirePairs(id: string, pointer: string): Promise<void> {
    const pairSet = await this.preferences.pairSetState(id);
    if (!pairSet) throw unprocessable('unknown_pair_set', pointer, 'exists', 'no pair set has this id', id);
    if (!pairSet.built) throw await this.jobs.whyNot('pair_set', id, pairSet.jobId, 'pair_set_not_ready');
    if (pairSet.trainable) return;
    throw unprocessable('pair_set_empty', pointer, 'notEmpty', 'the train split of the pair set has only ties or no pairs', id);
  }
}

/**
 * @param steps of the run; null where only its data tells
 * @throws ProblemException 422 `hyperparameters_impossible`
 */
export function requirePossibleCheckpoints({ checkpointEvery, evaluateEvery, keep }: CheckpointSettings, steps: number | null, method: TrainingMethod): void {
  const refuse = (name: string, rule: string, message: string, value: unknown) =>
    unprocessable('hyperparameters_impossible', `/hyperparameters/${name}`, rule, message, value);
  const never = (every: number | null): boolean => every !== null && steps !== null && every > steps;
  if (never(checkpointEvery)) throw refuse('checkpointEvery', 'max', `must be at most the ${steps} steps of the run; the last weights are always kept`, checkpointEvery);
  if (never(evaluateEvery)) throw refuse('evaluateEvery', 'max', `must be at most the ${steps} steps of the run`, evaluateEvery);
  if (keep === 'best' && evaluateEvery === null && !isRecorded(method)) {
    throw refuse('evaluateEvery', 'required', 'evaluateEvery is required to keep the best weights', evaluateEvery);
  }
}
