// Checks what a request for a training names, before any compute is spent on it.
import { Injectable } from '@nestjs/common';
import { unprocessable } from '#src/common/problem.js';
import { impossibleLora } from '#src/lm/lora/lora-limits.js';
import { JobsService } from '#src/jobs/jobs.service.js';
import { noWeights, PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { completeReward, type GivenHyperparameters, type RewardHyperparameters } from '#src/rl/methods/reward.js';
import { PreferenceDataService } from '../data/preference-data.service.js';
import { requireLayers } from './trained-layers.js';

/** What a request for a training names. */
export interface RewardRequest {
  pairSetId: string;
  basePolicyVersionId: string;
  hyperparameters?: GivenHyperparameters;
}

export interface RewardModelRequest extends RewardRequest {
  name: string;
}

@Injectable()
export class RewardInputs {
  constructor(
    private readonly data: PreferenceDataService,
    private readonly policyVersions: PolicyVersionsService,
    private readonly jobs: JobsService,
  ) {}

  /**
   * @throws ProblemException 422 `unknown_pair_set`, `pair_set_empty`, `pair_set_one_prompt`, `unknown_policy_version`,
   *   `policy_version_without_weights`, `hyperparameters_conflict`, `lora_target_unknown`,
   *   `hyperparameters_impossible`, `validation_split_too_small`; 409 `pair_set_not_ready`, `pair_set_failed`
   */
  async check({ pairSetId, basePolicyVersionId, hyperparameters = {} }: RewardRequest): Promise<void> {
    const resolved = completeReward(hyperparameters);
    await this.requireLearnable(pairSetId, resolved);
    await this.requirePossible(basePolicyVersionId, resolved);
  }

  /**
   * Whether the pair set has enough to learn from.
   *
   * @throws ProblemException 422 `unknown_pair_set`, `pair_set_empty`, `pair_set_one_prompt`, `validation_split_too_small`; 409 `pair_set_not_ready`, `pair_set_failed`
   */
  async requireLearnable(pairSetId: string, hyperparameters: RewardHyperparameters): Promise<void> {
    await this.checkPairSet(pairSetId);
    await this.checkValidation(pairSetId, hyperparameters);
  }

  /**
   * Checks that are possible before there are pairs.
   *
   * @throws ProblemException 422 `unknown_policy_version`, `policy_version_without_weights`, `hyperparameters_conflict`,
   *   `lora_target_unknown`, `hyperparameters_impossible`
   */
  async requirePossible(basePolicyVersionId: string, hyperparameters: RewardHyperparameters): Promise<void> {
    const base = await this.policyVersions.find(basePolicyVersionId);
    if (base?.modelId === null) throw noWeights('/basePolicyVersionId', basePolicyVersionId);
    if (!base) {
      const message = 'no policy version has this id';
      throw unprocessable('unknown_policy_version', '/basePolicyVersionId', 'exists', message, basePolicyVersionId);
    }
    checkObjective(hyperparameters);
    await this.checkModel(basePolicyVersionId, hyperparameters);
  }

  private async checkPairSet(pairSetId: string): Promise<void> {
    const pairSet = await this.data.pairSetState(pairSetId);
    if (!pairSet) throw unprocessable('unknown_pair_set', '/pairSetId', 'exists', 'no pair set has this id', pairSetId);
    if (!pairSet.built) throw await this.jobs.whyNot('pair_set', pairSetId, pairSet.jobId, 'pair_set_not_ready');
    if (!pairSet.trainable) {
      const message = 'the train split of the pair set has only ties or no pairs';
      throw unprocessable('pair_set_empty', '/pairSetId', 'notEmpty', message, pairSetId);
    }
    for (const [split, prompts] of [['train', pairSet.trainPrompts], ['eval', pairSet.evalPrompts]] as const) {
      if (prompts !== 1) continue;
      const message = `the ${split} split has pairs of only one prompt: it needs at least two`;
      throw unprocessable('pair_set_one_prompt', '/pairSetId', 'minPrompts', message, pairSetId);
    }
  }

  /** Whether the model has the layers and the linear maps that are to be trained. */
  private async checkModel(basePolicyVersionId: string, { lora, trainedLayers }: RewardHyperparameters): Promise<void> {
    if (!lora && trainedLayers === null) return;
    const config = await this.policyVersions.loadConfig(basePolicyVersionId);
    requireLayers(config, trainedLayers);
    const impossible = impossibleLora(config, lora);
    if (!impossible) return;
    const { code, pointer, rule, message, value } = impossible;
    throw unprocessable(code, `/hyperparameters/lora${pointer}`, rule, message, value);
  }

  private async checkValidation(pairSetId: string, { earlyStopping, seed }: RewardHyperparameters): Promise<void> {
    if (!earlyStopping) return;
    const { validationFraction } = earlyStopping;
    const { train, validation } = await this.data.validationPrompts(pairSetId, seed, validationFraction);
    if (train > 1 && validation > 1) return;
    const message = `this leaves ${train} training prompts and ${validation} validation prompts: each needs at least two`;
    throw unprocessable('validation_split_too_small', '/hyperparameters/earlyStopping/validationFraction', 'minPrompts', message, validationFraction);
  }
}

/** The pointwise objective judges each completion alone: what is about the difference of two has no place in it. */
function checkObjective({ objective, ties, lengthDebias, marginPerPoint }: RewardHyperparameters): void {
  if (objective === 'pairwise') return;
  const conflicts = {
    ties: ties === 'rao_kupper' ? ties : undefined,
    lengthDebias: lengthDebias !== 'none' ? lengthDebias : undefined,
    marginPerPoint: marginPerPoint !== 0 ? marginPerPoint : undefined,
  };
  for (const [name, value] of Object.entries(conflicts)) {
    if (value === undefined) continue;
    const message = `${name} ${value} needs the pairwise objective; the objective is pointwise`;
    throw unprocessable('hyperparameters_conflict', `/hyperparameters/${name}`, 'pairwiseOnly', message, value);
  }
}
