// Checks what a run on rollouts is given, together with its settings, and finds its sources of reward.
import { Injectable } from '@nestjs/common';
import { unprocessable } from '#src/common/problem.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import type { PpoHyperparameters } from '#src/rl/methods/ppo.js';
import { ValueStartService } from './value-start.service.js';
import { RewardInputsService, type GivenRewards } from './reward-inputs.service.js';
import type { RolloutHyperparameters } from '#src/rl/settings.js';
import { impossibleSettings } from './rollout-limits.js';
import { TrainingInputs } from './training-inputs.js';
import type { RunSources } from '../methods/training-methods.js';

interface Given extends GivenRewards {
  policyVersionId: string;
  promptSetId: string;
  evaluationPromptSetId?: string;
}

@Injectable()
export class RolloutInputsService {
  constructor(
    private readonly inputs: TrainingInputs,
    private readonly rewards: RewardInputsService,
    private readonly versions: PolicyVersionsService,
    private readonly valueStarts: ValueStartService,
  ) {}

  /**
   * The policy version must have weights.
   *
   * @throws ProblemException 422 `unknown_prompt_set`, `held_out_overlap`, `max_tokens_exceed_model`, `lora_target_unknown`,
   *   `hyperparameters_impossible`, `value_start_impossible`, and as `RewardInputsService.resolve`
   */
  async resolve(given: Given, hyperparameters: RolloutHyperparameters): Promise<RunSources> {
    const rewards = await this.rewards.resolve(given);
    const { promptSetId, evaluationPromptSetId = null } = given;
    await this.inputs.requirePromptSet(promptSetId, '/promptSetId');
    if (evaluationPromptSetId) {
      await this.inputs.requirePromptSet(evaluationPromptSetId, '/evaluationPromptSetId');
      await this.inputs.requireDisjoint(promptSetId, evaluationPromptSetId, '/evaluationPromptSetId');
    }
    await this.requirePossible(given.policyVersionId, hyperparameters);
    if ('valueStart' in hyperparameters) await this.valueStarts.require(hyperparameters as PpoHyperparameters, rewards, given.policyVersionId);
    const only = rewards.length === 1 ? rewards[0] : undefined;
    const rewardModelId = only?.type === 'reward-model' ? only.rewardModelId : null;
    return { rewardModelId, rewards, promptSetId, evaluationPromptSetId, pairSetId: null, ratings: null };
  }

  /**
   * What can be told before there is a source of reward.
   *
   * @throws ProblemException 422 `max_tokens_exceed_model`, `lora_target_unknown`, `hyperparameters_impossible`
   */
  async requirePossible(policyVersionId: string, hyperparameters: RolloutHyperparameters): Promise<void> {
    const impossible = impossibleSettings(hyperparameters, await this.versions.loadConfig(policyVersionId));
    if (!impossible) return;
    const { code, pointer, rule, message, value } = impossible;
    throw unprocessable(code, `/hyperparameters${pointer}`, rule, message, value);
  }
}
