import { Injectable } from '@nestjs/common';
import { conflict, ProblemException, repointed, unprocessable } from '#src/common/problem.js';
import { ComparisonsService } from '#src/comparisons/comparisons.service.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { requireAlias } from '#src/policies/policies.service.js';
import { CriteriaService } from '#src/ratings/criteria.service.js';
import { PromptSetsService } from '#src/prompts/prompt-sets.service.js';
import { RewardModelsService } from '#src/reward/models/reward-models.service.js';
import { TrainingRunsService } from '#src/training/runs/training-runs.service.js';
import { TrainingInputs } from '#src/training/inputs/training-inputs.js';
import type { LoopConfig, LoopRequest } from './loop-config.js';
import { brokenRule, evaluationPromptSetOf } from './loop-rules.js';

/** Checks what a request names before anything is spent on it. */
@Injectable()
export class LoopInputs {
  constructor(
    private readonly inputs: TrainingInputs,
    private readonly versions: PolicyVersionsService,
    private readonly criteria: CriteriaService,
    private readonly comparisons: ComparisonsService,
    private readonly promptSets: PromptSetsService,
    private readonly rewardModels: RewardModelsService,
    private readonly runs: TrainingRunsService,
  ) {}

  /**
   * @returns id of the policy
   * @throws ProblemException as `brokenRule`; 422 `unknown_policy_version`, `policy_version_without_weights`,
   *   `invalid_alias`, `criterion_version_not_found`, `unknown_prompt_set`, `not_enough_prompts`,
   *   `prompt_set_too_small`, `prompt_set_too_large`, `held_out_overlap`, `vendor_not_found`; 409 `criterion_version_not_published`; as
   *   `RewardModelsService.checkAhead` and `TrainingRunsService.checkAhead`, with pointers into `/reward` and `/training`
   */
  async check(dto: LoopRequest, config: LoopConfig): Promise<string> {
    const broken = brokenRule(config);
    if (broken) throw broken;
    if (dto.alias !== undefined) requireAlias(dto.alias, '/alias');
    await this.inputs.requireWeights(dto.policyVersionId, '/policyVersionId');
    await this.checkCriterion(dto.criterionVersionId);
    await this.checkPrompts(dto, config);
    await this.comparisons.checkVendors(config.ratings.vendorIds, '/ratings/vendorIds');
    await this.comparisons.checkJudge(dto.judge);
    await this.checkTrainings(dto, config);
    return (await this.versions.get(dto.policyVersionId)).policyId;
  }

  /** Checks early what would otherwise be refused only after people have rated: impossible settings and trainings that do not fit. */
  private async checkTrainings({ policyVersionId, promptSetId, heldOutPromptSetId }: LoopRequest, { generation, reward, training }: LoopConfig): Promise<void> {
    const { completionsPerPrompt, sampling } = generation;
    const prompts = (await this.promptSets.members(promptSetId)).map(({ text }) => text);
    const answers = { prompts, completionsPerPrompt, completionTokens: sampling.maxTokens };
    await inPart('/reward', this.rewardModels.checkAhead(policyVersionId, reward, answers));
    const evaluationPromptSetId = evaluationPromptSetOf(heldOutPromptSetId, training.hyperparameters) ?? null;
    const run = { ...training, policyVersionId, promptSetId, evaluationPromptSetId, rewardMembers: reward.members ?? 1 };
    await inPart('/training', this.runs.checkAhead(run, answers));
  }

  private async checkCriterion(id: string): Promise<void> {
    const version = await this.criteria.findVersion(id);
    if (!version) throw unprocessable('criterion_version_not_found', '/criterionVersionId', 'exists', 'no criterion version has this id', id);
    if (version.state !== 'published') {
      throw conflict('criterion_version_not_published', `criterion version ${id} is a draft: publish it first`);
    }
  }

  private async checkPrompts({ promptSetId, heldOutPromptSetId }: LoopRequest, { generation }: LoopConfig): Promise<void> {
    const practice = await this.inputs.requirePromptSet(promptSetId, '/promptSetId');
    await this.comparisons.checkPrompts(heldOutPromptSetId, '/heldOutPromptSetId');
    if (practice.promptCount < generation.prompts) {
      const message = `an iteration needs ${generation.prompts} prompts; the prompt set has ${practice.promptCount}`;
      throw unprocessable('not_enough_prompts', '/generation/prompts', 'max', message, generation.prompts);
    }
    await this.inputs.requireDisjoint(promptSetId, heldOutPromptSetId, '/heldOutPromptSetId');
  }
}

/** The settings of a training are a part of the loop's; what else it is given has the same name in both. */
async function inPart(part: string, check: Promise<void>): Promise<void> {
  const move = (pointer: string): string => {
    if (pointer === '/evaluationPromptSetId') return '/heldOutPromptSetId';
    return pointer.startsWith('/hyperparameters') ? part + pointer : pointer;
  };
  await check.catch((error: unknown) => {
    throw error instanceof ProblemException ? repointed(error, move) : error;
  });
}
