// Checks what a run on a pair set is given, together with its settings.
import { Injectable } from '@nestjs/common';
import { unprocessable } from '#src/common/problem.js';
import { impossibleLora } from '#src/lm/lora/lora-limits.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { PreferenceDataRepository } from '#src/reward/data/preference-data.repository.js';
import { requireLayers } from '#src/reward/models/trained-layers.js';
import type { DatasetHyperparameters } from '#src/rl/settings.js';
import type { RunSources } from '../methods/training-methods.js';
import { TrainingInputs } from './training-inputs.js';

@Injectable()
export class DatasetInputsService {
  constructor(
    private readonly inputs: TrainingInputs,
    private readonly preferences: PreferenceDataRepository,
    private readonly versions: PolicyVersionsService,
  ) {}

  /**
   * The policy version must have weights.
   *
   * @throws ProblemException 409 `pair_set_not_ready`; 422 `unknown_pair_set`, `pair_set_empty`, `pair_set_one_prompt`,
   *   `nothing_held_out`, `lora_target_unknown`, `hyperparameters_impossible`
   */
  async resolve({ policyVersionId, pairSetId }: { policyVersionId: string; pairSetId: string }, hp: DatasetHyperparameters): Promise<RunSources> {
    await this.requireLearnable(pairSetId, hp);
    await this.requirePossible(policyVersionId, hp);
    return { rewardModelId: null, rewards: null, promptSetId: null, evaluationPromptSetId: null, pairSetId };
  }

  /**
   * Whether the pair set has enough to learn from.
   *
   * @throws ProblemException 409 `pair_set_not_ready`; 422 `unknown_pair_set`, `pair_set_empty`, `pair_set_one_prompt`, `nothing_held_out`
   */
  async requireLearnable(pairSetId: string, { keep }: Pick<DatasetHyperparameters, 'keep'>): Promise<void> {
    await this.inputs.requirePairs(pairSetId, '/pairSetId');
    const prompts = await this.preferences.countPrompts(pairSetId);
    for (const split of ['train', 'eval'] as const) {
      if (prompts[split] !== 1) continue;
      const message = `the ${split} split has pairs of one prompt only: nothing general can be learnt from it or said by it`;
      throw unprocessable('pair_set_one_prompt', '/pairSetId', 'minPrompts', message, pairSetId);
    }
    if (keep === 'best' && prompts.eval === 0) {
      const message = 'the pair set keeps no prompts from training, on which the best weights could be told';
      throw unprocessable('nothing_held_out', '/hyperparameters/keep', 'heldOut', message, keep);
    }
  }

  /**
   * What can be told before there are pairs.
   *
   * @throws ProblemException 422 `lora_target_unknown`, `hyperparameters_impossible`
   */
  async requirePossible(policyVersionId: string, hp: DatasetHyperparameters): Promise<void> {
    if ('lossType' in hp && 'labelSmoothing' in hp && hp.lossType !== 'sigmoid' && Number(hp.labelSmoothing) > 0) {
      const message = `label smoothing belongs to the sigmoid loss, not to ${String(hp.lossType)}`;
      throw unprocessable('hyperparameters_impossible', '/hyperparameters/labelSmoothing', 'max', message, hp.labelSmoothing);
    }
    if (!hp.lora && hp.trainedLayers === null) return;
    const { config } = await this.versions.loadDescription(policyVersionId);
    requireLayers(config, hp.trainedLayers);
    const impossible = impossibleLora(config, hp.lora);
    if (!impossible) return;
    const { code, pointer, rule, message, value } = impossible;
    throw unprocessable(code, `/hyperparameters/lora${pointer}`, rule, message, value);
  }
}
