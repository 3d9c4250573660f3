// Checks what a run on a pair set is given, together with its settings.
import { Injectable } from '@nestjs/common';
import { conflict, unprocessable } from '#src/common/problem.js';
import { impossibleLora } from '#src/lm/lora/lora-limits.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { PreferenceDataService } from '#src/reward/data/preference-data.service.js';
import { requireLayers } from '#src/reward/models/trained-layers.js';
import type { DatasetHyperparameters } from '#src/rl/settings.js';
import { CriteriaService } from '#src/ratings/criteria.service.js';
import type { RatedDataDto } from '../methods/kto.dto.js';
import type { RatedData, RunSources } from '../methods/training-methods.js';
import { RatedDataRepository } from './rated-data.repository.js';
import { TrainingInputs } from './training-inputs.js';

@Injectable()
export class DatasetInputsService {
  constructor(
    private readonly inputs: TrainingInputs,
    private readonly preferences: PreferenceDataService,
    private readonly versions: PolicyVersionsService,
    private readonly criteria: CriteriaService,
    private readonly rated: RatedDataRepository,
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
    return { rewardModelId: null, rewards: null, promptSetId: null, evaluationPromptSetId: null, pairSetId, ratings: null };
  }

  /**
   * As `resolve`, of a run on ratings as they are.
   *
   * @throws ProblemException 409 `criterion_version_not_published`; 422 `criterion_version_not_found`, `unknown_prompt_set`,
   *   `threshold_off_scale`, `no_ratings`, `ratings_one_sided`, `ratings_one_prompt`, `nothing_held_out`, and as `requirePossible`
   */
  async resolveRatings({ policyVersionId, ratings: given }: { policyVersionId: string; ratings: RatedDataDto }, hp: DatasetHyperparameters): Promise<RunSources> {
    const { promptSetId = null, completionBatchId = null, evalFraction = 0.1, seed = 0 } = given;
    const version = await this.criteria.findVersion(given.criterionVersionId);
    if (!version) throw unprocessable('criterion_version_not_found', '/ratings/criterionVersionId', 'exists', 'no criterion version has this id', given.criterionVersionId);
    if (version.state !== 'published') throw conflict('criterion_version_not_published', `criterion version ${version.id} is a draft: publish it first`);
    if (promptSetId !== null) await this.inputs.requirePromptSet(promptSetId, '/ratings/promptSetId');
    const [lowest, highest] = [version.scale[0].value, version.scale[version.scale.length - 1].value];
    const { threshold = (lowest + highest) / 2 } = given;
    if (threshold < lowest || threshold > highest) {
      const message = `must be within the scale, ${lowest} to ${highest}`;
      throw unprocessable('threshold_off_scale', '/ratings/threshold', 'range', message, threshold);
    }
    const ratings: RatedData = { criterionVersionId: version.id, promptSetId, completionBatchId, threshold, evalFraction, seed };
    await this.requireRated(ratings, hp);
    await this.requirePossible(policyVersionId, hp);
    return { rewardModelId: null, rewards: null, promptSetId: null, evaluationPromptSetId: null, pairSetId: null, ratings };
  }

  private async requireRated(ratings: RatedData, { keep }: Pick<DatasetHyperparameters, 'keep'>): Promise<void> {
    const counts = await this.rated.counts(ratings);
    const none = { desirable: 0, undesirable: 0, undecided: 0, prompts: 0 };
    const [train, held] = (['train', 'eval'] as const).map((split) => counts.find((row) => row.split === split) ?? none);
    const { desirable, undesirable, undecided } = train;
    if (desirable + undesirable === 0) {
      const message = `the train split has no desirable or undesirable completion; ${undecided} are at the threshold`;
      throw unprocessable('no_ratings', '/ratings', 'notEmpty', message, ratings.criterionVersionId);
    }
    if (desirable === 0 || undesirable === 0) {
      const message = `the threshold makes ${desirable} completions of the train split desirable and ${undesirable} undesirable; both kinds are required`;
      throw unprocessable('ratings_one_sided', '/ratings/threshold', 'bothKinds', message, ratings.threshold);
    }
    for (const [split, { prompts }] of [['train', train], ['eval', held]] as const) {
      if (prompts !== 1) continue;
      const message = `the ${split} split has rated completions of only one prompt: it needs at least two`;
      throw unprocessable('ratings_one_prompt', '/ratings', 'minPrompts', message, ratings.criterionVersionId);
    }
    if (keep === 'best' && held.prompts === 0) {
      const message = 'no rated prompts are held out for evaluation: set evalFraction, or keep the last weights';
      throw unprocessable('nothing_held_out', '/hyperparameters/keep', 'heldOut', message, keep);
    }
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
      const message = `the ${split} split has pairs of only one prompt: it needs at least two`;
      throw unprocessable('pair_set_one_prompt', '/pairSetId', 'minPrompts', message, pairSetId);
    }
    if (keep === 'best' && prompts.eval === 0) {
      const message = 'the pair set holds no prompts out for evaluation: build it with an evalFraction, or keep the last weights';
      throw unprocessable('nothing_held_out', '/hyperparameters/keep', 'heldOut', message, keep);
    }
  }

  /**
   * Checks that are possible before there are pairs.
   *
   * @throws ProblemException 422 `lora_target_unknown`, `hyperparameters_impossible`
   */
  async requirePossible(policyVersionId: string, hp: DatasetHyperparameters): Promise<void> {
    if ('lossType' in hp && 'labelSmoothing' in hp && hp.lossType !== 'sigmoid' && Number(hp.labelSmoothing) > 0) {
      const message = `labelSmoothing needs the sigmoid loss; the loss is ${String(hp.lossType)}`;
      throw unprocessable('hyperparameters_impossible', '/hyperparameters/labelSmoothing', 'max', message, hp.labelSmoothing);
    }
    if (!hp.lora && hp.trainedLayers === null) return;
    const config = await this.versions.loadConfig(policyVersionId);
    requireLayers(config, hp.trainedLayers);
    const impossible = impossibleLora(config, hp.lora);
    if (!impossible) return;
    const { code, pointer, rule, message, value } = impossible;
    throw unprocessable(code, `/hyperparameters/lora${pointer}`, rule, message, value);
  }
}
